//! Whether the mods of a world go together, and who builds on whom.
//!
//! A world offers one version of each mod, so that there is nothing to choose:
//! pubgrub finds what stands in the way, and one sentence tells all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pubgrub::{
    DerivationTree, External, NoSolutionError, OfflineDependencyProvider, PubGrubError, Ranges,
};
use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

use super::Manifest;

/// A mod that a world has.
#[derive(Clone, Debug)]
pub struct Offered<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its version.
    pub version: Version,
    /// What it says of others.
    pub manifest: Option<&'a Manifest>,
}

/// Why the mods of a world do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// They want what the world does not have.
    #[error("the mods do not go together: {}; {}", .conflicts.join("; "), .remedies.join("; "))]
    Conflicts {
        /// Who wants what.
        conflicts: Vec<String>,
        /// What to do.
        remedies: Vec<String>,
    },
    /// They need each other.
    #[error(
        "mods depend on each other: {}; take one of these dependencies out of its mod.toml",
        .0.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" on ")
    )]
    Cycle(Vec<String>),
}

/// What a world offers under an id. Also what it does not have is offered, so
/// that an optional dependency is one that this suits, too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Offer {
    Nothing,
    Version(Version),
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("does not have it"),
            Self::Version(version) => write!(f, "has {version}"),
        }
    }
}

type Provider = OfflineDependencyProvider<String, Ranges<Offer>>;

/// What one mod wants of another.
struct Wish {
    from: String,
    to: String,
    suits: Ranges<Offer>,
    told: String,
}

/// Checks that the mods go together. Gives the dependency depth of each: the
/// longest chain of mods that it builds on.
///
/// # Errors
///
/// Every version of another mod that is wanted and not there, in one error.
pub fn resolve(mods: &[Offered<'_>]) -> Result<BTreeMap<String, usize>, Unresolved> {
    let offers: BTreeMap<&str, Offer> =
        mods.iter().map(|it| (it.id, Offer::Version(it.version.clone()))).collect();
    let offer = |id: &str| offers.get(id).cloned().unwrap_or(Offer::Nothing);
    let all = wishes(mods, &offer);
    let mut open: Vec<&Wish> = all.iter().collect();
    let mut told = Vec::new();
    let mut wanting = BTreeSet::new();
    // A report has one conflict; with its wishes granted the next one shows.
    while let Some(blamed) = conflict(mods, &open, &offer) {
        open.retain(|wish| {
            let is_blamed = blamed.contains(&(wish.from.clone(), wish.to.clone()))
                && !wish.suits.contains(&offer(&wish.to));
            if is_blamed {
                told.push(format!("{}, and the world {}", wish.told, offer(&wish.to)));
                wanting.insert(&wish.to);
            }
            !is_blamed
        });
    }
    if told.is_empty() {
        return depths(mods);
    }
    told.sort();
    let remedies = wanting.into_iter().map(|id| remedy(id, &offer(id), &all)).collect();
    Err(Unresolved::Conflicts { conflicts: told, remedies })
}

fn wishes(mods: &[Offered<'_>], offer: &dyn Fn(&str) -> Offer) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for Offered { id, version, manifest } in mods {
        let Some(manifest) = manifest else { continue };
        let mut add = |to: &str, suits, told| {
            wishes.push(Wish { from: (*id).to_owned(), to: to.to_owned(), suits, told });
        };
        for (to, dependency) in &manifest.dependencies {
            let versions = set(&dependency.version, &offer(to));
            if dependency.optional {
                let told = format!("`{id}` {version} goes only with `{to}` {}", dependency.version);
                add(to, versions.union(&Ranges::singleton(Offer::Nothing)), told);
            } else {
                let told = format!("`{id}` {version} needs `{to}` {}", dependency.version);
                add(to, versions, told);
            }
        }
        for (to, versions) in &manifest.incompatible {
            let told = format!("`{id}` {version} does not go with `{to}` {versions}");
            add(to, set(versions, &offer(to)).complement(), told);
        }
    }
    wishes
}

/// The pairs of mods between which the first conflict is; none when there is
/// none.
fn conflict(
    mods: &[Offered<'_>],
    wishes: &[&Wish],
    offer: &dyn Fn(&str) -> Offer,
) -> Option<BTreeSet<(String, String)>> {
    let world = String::new();
    let mut provider = Provider::new();
    for wish in wishes {
        provider.add_dependencies(wish.to.clone(), offer(&wish.to), []);
    }
    for Offered { id, .. } in mods {
        let own = wishes.iter().filter(|wish| wish.from == **id);
        let own = own.map(|wish| (wish.to.clone(), wish.suits.clone()));
        provider.add_dependencies((*id).to_owned(), offer(id), own);
    }
    let everybody = mods.iter().map(|it| (it.id.to_owned(), Ranges::singleton(offer(it.id))));
    provider.add_dependencies(world.clone(), Offer::Nothing, everybody);
    match pubgrub::resolve(&provider, world, Offer::Nothing) {
        Err(PubGrubError::NoSolution(tree)) => {
            let mut pairs = BTreeSet::new();
            collect(&tree, &mut pairs);
            Some(pairs)
        }
        // A provider in memory does not fail.
        _ => None,
    }
}

fn collect(tree: &NoSolutionError<Provider>, pairs: &mut BTreeSet<(String, String)>) {
    match tree {
        DerivationTree::External(External::FromDependencyOf(from, _, to, _)) => {
            pairs.insert((from.clone(), to.clone()));
        }
        DerivationTree::External(_) => {}
        DerivationTree::Derived(derived) => {
            collect(&derived.cause1, pairs);
            collect(&derived.cause2, pairs);
        }
    }
}

/// What to do about a mod that is not as others want it.
fn remedy(id: &str, offer: &Offer, wishes: &[Wish]) -> String {
    let about = || wishes.iter().filter(|wish| wish.to == id);
    let suits = about().fold(Ranges::full(), |all, wish| all.intersection(&wish.suits));
    let versions = Ranges::strictly_higher_than(Offer::Nothing).intersection(&suits);
    if !versions.is_empty() {
        return match offer {
            Offer::Nothing => format!("add `[mods.{id}]` to the world file"),
            Offer::Version(_) => format!("take another version of `{id}`"),
        };
    }
    if suits.contains(&Offer::Nothing) {
        return format!("take `[mods.{id}]` out of the world file");
    }
    let who: BTreeSet<String> = about().map(|wish| format!("`{}`", wish.from)).collect();
    let who: Vec<String> = who.into_iter().collect();
    format!(
        "no version of `{id}` suits all of {}, so take one of these out of the world file",
        who.join(", ")
    )
}

fn depths(mods: &[Offered<'_>]) -> Result<BTreeMap<String, usize>, Unresolved> {
    let needs: BTreeMap<&str, Vec<&str>> = mods
        .iter()
        .map(|it| {
            let all = it.manifest.iter().flat_map(|manifest| manifest.dependencies.keys());
            let there = all.map(String::as_str).filter(|id| mods.iter().any(|it| it.id == *id));
            (it.id, there.collect())
        })
        .collect();
    let mut depths = BTreeMap::new();
    for it in mods {
        depth(it.id, &needs, &mut Vec::new(), &mut depths)?;
    }
    Ok(depths)
}

fn depth<'a>(
    id: &'a str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    path: &mut Vec<&'a str>,
    depths: &mut BTreeMap<String, usize>,
) -> Result<usize, Unresolved> {
    if let Some(known) = depths.get(id) {
        return Ok(*known);
    }
    let start = path.iter().position(|earlier| *earlier == id);
    path.push(id);
    if let Some(start) = start {
        return Err(Unresolved::Cycle(path[start..].iter().map(|id| (*id).to_owned()).collect()));
    }
    let mut deepest = 0;
    for needed in needs.get(id).into_iter().flatten().copied() {
        deepest = deepest.max(depth(needed, needs, path, depths)? + 1);
    }
    path.pop();
    depths.insert(id.to_owned(), deepest);
    Ok(deepest)
}

/// The versions that a requirement matches. Whether it matches a version before
/// a release does not follow from its bounds, so that the one that is there is
/// asked about.
fn set(wanted: &VersionReq, offer: &Offer) -> Ranges<Offer> {
    let versions = Ranges::strictly_higher_than(Offer::Nothing);
    let set = wanted.comparators.iter().fold(versions, |set, it| set.intersection(&bounds(it)));
    match offer {
        Offer::Version(version) if !wanted.matches(version) => {
            set.intersection(&Ranges::singleton(offer.clone()).complement())
        }
        _ => set,
    }
}

/// The versions between the bounds of one comparator, as `semver` defines them.
fn bounds(comparator: &Comparator) -> Ranges<Offer> {
    let Comparator { op, major, minor, patch, pre } = comparator;
    let (low_minor, low_patch) = (minor.unwrap_or(0), patch.unwrap_or(0));
    let version = |major, minor, patch, pre| {
        Offer::Version(Version { major, minor, patch, pre, build: BuildMetadata::EMPTY })
    };
    // Before this is all that is before its first version, releases or not.
    let first = |major, minor, patch| {
        version(major, minor, patch, Prerelease::new("0").unwrap_or_default())
    };
    let low = version(*major, low_minor, low_patch, pre.clone());
    let next_major = || first(major.saturating_add(1), 0, 0);
    let next_minor = || first(*major, low_minor.saturating_add(1), 0);
    let next_patch = || first(*major, low_minor, low_patch.saturating_add(1));
    // What follows all that the given numbers leave open.
    let next = || match (minor, patch) {
        (None, _) => next_major(),
        (_, None) => next_minor(),
        _ => next_patch(),
    };
    let is_whole = patch.is_some();
    match op {
        Op::Exact if is_whole => Ranges::singleton(low),
        Op::Greater if is_whole => Ranges::strictly_higher_than(low),
        Op::LessEq if is_whole => Ranges::lower_than(low),
        Op::Greater => Ranges::higher_than(next()),
        Op::GreaterEq => Ranges::higher_than(low),
        Op::Less => Ranges::strictly_lower_than(low),
        Op::LessEq => Ranges::strictly_lower_than(next()),
        Op::Tilde if minor.is_some() => Ranges::between(low, next_minor()),
        Op::Caret if *major > 0 || minor.is_none() => Ranges::between(low, next_major()),
        Op::Caret if low_minor > 0 || !is_whole => Ranges::between(low, next_minor()),
        Op::Caret => Ranges::between(low, next_patch()),
        _ => Ranges::between(low, next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Dependency;
    use proptest::prelude::*;

    /// A manifest from `a 1.2, ?b 2, !c *`: needs, may have, must not have.
    fn manifest(id: &str, wishes: &str) -> Manifest {
        let mut manifest = Manifest::new(id, Version::new(1, 0, 0));
        for wish in wishes.split(", ").filter(|wish| !wish.is_empty()) {
            let (to, version) = wish.split_once(' ').expect("an id and a range");
            let version: VersionReq = version.parse().expect("a range");
            match to.strip_prefix('!') {
                Some(to) => drop(manifest.incompatible.insert(to.to_owned(), version)),
                None => {
                    let to = to.to_owned();
                    let optional = to.starts_with('?');
                    let to = to.trim_start_matches('?').to_owned();
                    manifest.dependencies.insert(to, Dependency { version, optional });
                }
            }
        }
        manifest
    }

    /// What is said of mods, each with a version and wishes.
    fn told(mods: &[(&str, &str, &str)]) -> Result<BTreeMap<String, usize>, String> {
        let manifests: Vec<Manifest> =
            mods.iter().map(|(id, _, wishes)| manifest(id, wishes)).collect();
        let offered: Vec<Offered<'_>> = mods
            .iter()
            .zip(&manifests)
            .map(|((id, version, _), manifest)| Offered {
                id,
                version: version.parse().expect("a version"),
                manifest: Some(manifest),
            })
            .collect();
        resolve(&offered).map_err(|unresolved| unresolved.to_string())
    }

    #[test]
    fn depth_is_the_longest_chain() {
        let depths = told(&[
            ("a", "1.0.0", ""),
            ("b", "1.4.2", "a 1, ?gone 3"),
            ("c", "0.3.1", "a 1, b ^1.2"),
            ("d", "2.0.0", "?c 0.3, !a <1"),
        ])
        .expect("they go together");
        let expected = [("a", 0), ("b", 1), ("c", 2), ("d", 3)];
        assert_eq!(depths, expected.map(|(id, depth)| (id.to_owned(), depth)).into());
    }

    #[test]
    fn every_conflict_is_told_with_what_to_do() {
        for (mods, expected) in [
            (
                &[("a", "1.0.0", "b 1.2")][..],
                "the mods do not go together: `a` 1.0.0 needs `b` ^1.2, and the world does not \
                 have it; add `[mods.b]` to the world file",
            ),
            (
                &[("a", "1.0.0", "b 1.2"), ("b", "1.1.9", "")],
                "the mods do not go together: `a` 1.0.0 needs `b` ^1.2, and the world has 1.1.9; \
                 take another version of `b`",
            ),
            (
                &[("a", "1.0.0", "?b 1.2"), ("b", "2.0.0", "")],
                "the mods do not go together: `a` 1.0.0 goes only with `b` ^1.2, and the world \
                 has 2.0.0; take another version of `b`",
            ),
            (
                &[("a", "1.0.0", "!b *"), ("b", "2.0.0", "")],
                "the mods do not go together: `a` 1.0.0 does not go with `b` *, and the world \
                 has 2.0.0; take `[mods.b]` out of the world file",
            ),
            (
                &[("a", "1.0.0", "c 1"), ("b", "1.0.0", "c 2"), ("c", "3.0.0", "")],
                "the mods do not go together: `a` 1.0.0 needs `c` ^1, and the world has 3.0.0; \
                 `b` 1.0.0 needs `c` ^2, and the world has 3.0.0; no version of `c` suits all of \
                 `a`, `b`, so take one of these out of the world file",
            ),
            (
                &[("a", "1.0.0", "b 1, c 1, !d <2"), ("c", "2.0.0", "e 1"), ("d", "1.0.0", "")],
                "the mods do not go together: `a` 1.0.0 does not go with `d` <2, and the world \
                 has 1.0.0; `a` 1.0.0 needs `b` ^1, and the world does not have it; `a` 1.0.0 \
                 needs `c` ^1, and the world has 2.0.0; `c` 2.0.0 needs `e` ^1, and the world \
                 does not have it; add `[mods.b]` to the world file; take another version of \
                 `c`; take another version of `d`; add `[mods.e]` to the world file",
            ),
            (
                &[("a", "1.0.0", "b 1"), ("b", "1.0.0", "c 1"), ("c", "1.0.0", "?a 1")],
                "mods depend on each other: `a` on `b` on `c` on `a`; take one of these \
                 dependencies out of its mod.toml",
            ),
            (
                &[("a", "1.0.0", "b 1"), ("b", "1.1.0-rc.1", "")],
                "the mods do not go together: `a` 1.0.0 needs `b` ^1, and the world has \
                 1.1.0-rc.1; take another version of `b`",
            ),
        ] {
            assert_eq!(told(mods).expect_err("a conflict"), expected);
        }
    }

    fn number() -> impl Strategy<Value = u64> {
        0..4_u64
    }

    proptest! {
        #[test]
        fn a_range_has_the_versions_that_it_matches(
            op in prop::sample::select(vec!["", "=", ">", ">=", "<", "<=", "~", "^"]),
            numbers in prop::collection::vec(number(), 1..4),
            version in (number(), number(), number()),
            pre in prop::sample::select(vec!["", "-0", "-rc.1"]),
        ) {
            let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
            let wanted: VersionReq = format!("{op}{}", numbers.join(".")).parse().expect("good");
            let (major, minor, patch) = version;
            let version: Version = format!("{major}.{minor}.{patch}{pre}").parse().expect("good");
            let offer = Offer::Version(version.clone());
            prop_assert_eq!(set(&wanted, &offer).contains(&offer), wanted.matches(&version));
        }
    }
}
