//! Shares a number of seats out, as parliaments do.

/// Gives each weight one seat, and the seats that are left in proportion to
/// the weights by the method of largest remainders. Of equal remainders the
/// earlier wins.
///
/// The seats add up to `seats`, or to the number of weights if that is more.
pub fn apportion(weights: &[f64], seats: usize) -> Vec<usize> {
    let left = seats.saturating_sub(weights.len());
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return even(weights.len(), left);
    }
    let quotas: Vec<f64> = weights.iter().map(|weight| weight / total * left as f64).collect();
    let mut given: Vec<usize> = quotas.iter().map(|quota| quota.floor() as usize).collect();
    let spare = left.saturating_sub(given.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| quotas[b].fract().total_cmp(&quotas[a].fract()));
    for &at in order.iter().cycle().take(spare) {
        given[at] += 1;
    }
    given.iter().map(|seats| seats + 1).collect()
}

/// No party weighs anything: as evenly as possible.
fn even(parties: usize, left: usize) -> Vec<usize> {
    (0..parties).map(|at| 1 + left / parties + usize::from(at < left % parties)).collect()
}

#[cfg(test)]
mod tests {
    use super::apportion;

    #[test]
    fn seats_follow_weights_and_add_up() {
        // 100 seats, of which 3 are given first: 97 × (0.5, 0.3, 0.2).
        assert_eq!(apportion(&[50.0, 30.0, 20.0], 100), [50, 30, 20]);
        for seats in [3, 4, 10, 997] {
            let given = apportion(&[7.1, 0.001, 1e9], seats);
            assert_eq!(given.iter().sum::<usize>(), seats);
        }
    }

    #[test]
    fn everybody_gets_one() {
        assert_eq!(apportion(&[1e9, 1.0, 0.0], 5), [3, 1, 1]);
        assert_eq!(apportion(&[5.0, 5.0], 0), [1, 1]);
    }

    #[test]
    fn the_earlier_of_equals_wins() {
        assert_eq!(apportion(&[1.0, 1.0, 1.0], 7), [3, 2, 2]);
        assert_eq!(apportion(&[0.0, 0.0], 5), [3, 2]);
        assert_eq!(apportion(&[], 5), []);
    }
}
