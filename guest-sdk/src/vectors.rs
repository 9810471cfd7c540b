//! Vectors and quaternions of `glam`, as fields of components, events, inputs
//! and relations.
//!
//! Each is a struct of its parts, `{x: f32, y: f32, z: f32}`, and may be a field
//! of a packed kind. How `glam` aligns it in memory does not show.

use glam::{
    DQuat, DVec2, DVec3, DVec4, IVec2, IVec3, IVec4, Quat, UVec2, UVec3, UVec4, Vec2, Vec3, Vec4,
};

use crate::codec::{Malformed, Reader};
use crate::packed::Field;
use crate::value::Value;

macro_rules! vectors {
    ($($number:ident $count:literal $parts:literal: $($ty:ident)*;)*) => {$($(
        impl Value for $ty {
            fn write_type(out: &mut String) {
                for (place, part) in $parts.chars().enumerate() {
                    out.push_str(if place == 0 { "{" } else { ", " });
                    out.push(part);
                    out.push_str(concat!(": ", stringify!($number)));
                }
                out.push('}');
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.to_array().write(out);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                <[$number; $count]>::read(from).map(Self::from_array)
            }
        }

        // Lists of what a field may be stay the same whether they are there or not.
        #[diagnostic::do_not_recommend]
        impl Field for $ty {
            const SIZE: usize = <[$number; $count]>::SIZE;
            const ALIGN: usize = <[$number; $count]>::ALIGN;

            #[inline]
            fn unpack(bytes: &[u8]) -> Self {
                Self::from_array(Field::unpack(bytes))
            }

            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                self.to_array().pack(out);
            }
        }
    )*)*};
}

vectors! {
    f32 2 "xy": Vec2;
    f32 3 "xyz": Vec3;
    f32 4 "xyzw": Vec4 Quat;
    f64 2 "xy": DVec2;
    f64 3 "xyz": DVec3;
    f64 4 "xyzw": DVec4 DQuat;
    i32 2 "xy": IVec2;
    i32 3 "xyz": IVec3;
    i32 4 "xyzw": IVec4;
    u32 2 "xy": UVec2;
    u32 3 "xyz": UVec3;
    u32 4 "xyzw": UVec4;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use crate::testing::{Rows, Trial};

    #[derive(Component, Clone, Copy, Debug, PartialEq)]
    #[component(packed)]
    struct Body {
        at: Vec3,
        turned: Quat,
        cell: IVec2,
        awake: [bool; 4],
    }

    #[derive(Component, Clone, Debug, PartialEq)]
    struct Path {
        points: Vec<DVec2>,
    }

    #[system]
    fn turn(mut bodies: Query<(&mut Body, &Path)>) {
        for (body, path) in &mut bodies {
            body.at = body.turned * body.at + path.points[0].as_vec2().extend(0.0);
            body.cell += IVec2::ONE;
            body.awake[3] = true;
        }
    }

    #[test]
    fn vectors_are_fields_of_packed_and_dynamic_components() {
        let body = Body {
            at: Vec3::X,
            turned: Quat::from_xyzw(0.0, 0.0, 1.0, 0.0),
            cell: IVec2::new(-4, 7),
            awake: [true, false, false, false],
        };
        let path = Path { points: vec![DVec2::new(10.0, 0.5)] };
        let rows = Rows::new([Entity::from_bits(1)]).with([body]).with([path]);
        let outcome = Trial::of::<turn>().rows(rows).run().expect("runs");
        let [turned] = outcome.column::<Body>(0).expect("written")[..] else { panic!("one row") };
        assert_eq!((turned.at, turned.cell), (Vec3::new(9.0, 0.5, 0.0), IVec2::new(-3, 8)));
        assert_eq!(turned.awake, [true, false, false, true]);
        let mut ty = String::new();
        Quat::write_type(&mut ty);
        assert_eq!(ty, "{x: f32, y: f32, z: f32, w: f32}");
    }
}
