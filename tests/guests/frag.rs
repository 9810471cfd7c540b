//! Twenty entities in each of 26 archetypes, and one component of them all.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Data {
    value: f32,
}

macro_rules! letters {
    ($($letter:ident)+) => {
        $(
            #[derive(Component, Clone, Copy)]
            #[repr(C)]
            struct $letter {
                value: f32,
            }
        )+

        #[system(startup)]
        fn populate(mut commands: Commands) {
            $(
                for _ in 0..20 {
                    commands.spawn(($letter { value: 0.0 }, Data { value: 1.0 }));
                }
            )+
        }

        sandtable_sdk::export! {
            id: "frag",
            systems: [populate, double],
            kinds: [$($letter),+],
        }
    };
}

letters!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);

#[system]
fn double(mut rows: Query<&mut Data>) {
    for data in rows.iter_mut() {
        data.value *= 2.0;
    }
}
