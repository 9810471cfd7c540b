//! Components of the world itself.

use std::ops::{Deref, DerefMut, Range};

use crate::call::Call;
use crate::codec::Malformed;
use crate::column::Store;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::kind::Component;
use crate::param::{self, Param, Slots};
use crate::sys;

/// A component of the world.
///
/// One that no system has set yet reads as its default, if the type is `Default`;
/// else the system faults. `Option<Res<T>>` tells whether it is set.
pub struct Res<'w, T> {
    value: &'w T,
}

impl<T> Deref for Res<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

/// A component of the world, to write.
///
/// One that is not set starts from its default, so it needs no startup system.
/// It is set only if it was used as `&mut T`. A system that takes one is called once, with all rows.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// #[derive(Component, Clone, Copy, Default)]
/// #[repr(C)]
/// struct Births { total: u64 }
///
/// #[system]
/// fn count(mut births: ResMut<Births>) {
///     births.total += 1;
/// }
/// ```
pub struct ResMut<'w, T> {
    state: &'w mut SetState<T>,
}

impl<T> Deref for ResMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state.value
    }
}

impl<T> DerefMut for ResMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.state.touched = true;
        &mut self.state.value
    }
}

/// A resource that may be set.
#[doc(hidden)]
pub struct SetState<T> {
    value: T,
    touched: bool,
    resource: u32,
}

fn read<T: Component>(call: &Call, resource: u32) -> Result<Option<T>, Fault> {
    let read = |mut from| T::Store::read(&mut from);
    let place = |error: Malformed| error.inside(T::INFO.name);
    let value = call.resource(resource)?.map(read).transpose();
    Ok(value.map_err(place)?)
}

impl<T: Component> Param for Res<'_, T> {
    type State = T;
    type Item<'w> = Res<'w, T>;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.resource::<T>(false);
    }

    fn open(call: &Call, slots: &mut Slots) -> Result<T, Fault> {
        let value = read(call, param::next(&mut slots.resources))?;
        value.or_else(T::unset).ok_or_else(|| {
            let (name, ty) = (call.kinds().name(&T::INFO), T::INFO.name);
            Fault::new(format!(
                "the resource {name} is not set: set it with ResMut<{ty}>, as in a startup \
                 system, derive Default for {ty}, or take Option<Res<{ty}>>"
            ))
        })
    }

    fn item<'w>(state: &'w mut T, _: Range<usize>, _: &'w Call) -> Res<'w, T> {
        Res { value: state }
    }
}

impl<T: Component> Param for Option<Res<'_, T>> {
    type State = Option<T>;
    type Item<'w> = Option<Res<'w, T>>;

    fn declare(system: &mut SystemDeclaration<'_>) {
        Res::<T>::declare(system);
    }

    fn open(call: &Call, slots: &mut Slots) -> Result<Option<T>, Fault> {
        read(call, param::next(&mut slots.resources))
    }

    fn item<'w>(state: &'w mut Option<T>, _: Range<usize>, _: &'w Call) -> Option<Res<'w, T>> {
        state.as_ref().map(|value| Res { value })
    }
}

impl<T: Component + Default> Param for ResMut<'_, T> {
    type State = SetState<T>;
    type Item<'w> = ResMut<'w, T>;

    const NEEDS_WORLD: bool = true;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.resource::<T>(true);
    }

    fn open(call: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
        let resource = param::next(&mut slots.resources);
        Ok(SetState { value: read(call, resource)?.unwrap_or_default(), touched: false, resource })
    }

    fn item<'w>(state: &'w mut Self::State, _: Range<usize>, _: &'w Call) -> Self::Item<'w> {
        ResMut { state }
    }

    fn close(state: Self::State) {
        if state.touched {
            let mut bytes = Vec::new();
            T::Store::write(&state.value, &mut bytes);
            sys::set_resource(state.resource, &bytes);
        }
    }
}
