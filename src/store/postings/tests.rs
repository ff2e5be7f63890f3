#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn places_are_read_as_they_were_written(places in proptest::collection::btree_set(any::<u64>(), 1..50)) {
        let places: Vec<u64> = places.into_iter().collect();
        let key = part_key(b"list", places[0]);
        prop_assert_eq!(decode(&key, &encode(&places)), places);
    }

    #[test]
    fn no_bytes_make_it_panic(key in proptest::collection::vec(any::<u8>(), 0..12), bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = decode(&key, &bytes);
    }
}

proptest! {
    // Each case opens a database.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_list_equals_a_set(steps in proptest::collection::vec((any::<bool>(), 0..60u64), 1..120)) {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        let (postings, list) = (Postings::open(&engine).unwrap(), list_name(b'c', "a", Direction::In));
        // Lists with similar names.
        for other in ["", "ai", "a\0i", "b"] {
            postings.insert(&list_name(b'c', other, Direction::In), 7).unwrap();
        }
        postings.write_tails().unwrap();
        let mut model = BTreeSet::new();
        for (add, place) in steps {
            if add {
                postings.insert(&list, place).unwrap();
                model.insert(place);
            } else {
                postings.settle(&list).unwrap();
                let Some((key, mut places)) = postings.part(&list, place).unwrap() else { continue };
                places.retain(|known| *known != place);
                postings.write(&list, &[&places], Some(key)).unwrap();
                model.remove(&place);
            }
        }
        postings.write_tails().unwrap();
        let mut reading = List { postings: &postings, name: list, part: Vec::new() };
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(next) = reading.from(from).unwrap() {
            found.push(next);
            from = next + 1;
        }
        prop_assert_eq!(&found, &model.into_iter().collect::<Vec<_>>());
        let (mut back, mut upto) = (Vec::new(), Some(u64::MAX));
        while let Some(place) = upto
            && let Some(previous) = reading.upto(place).unwrap()
        {
            back.push(previous);
            upto = previous.checked_sub(1);
        }
        back.reverse();
        prop_assert_eq!(back, found);
    }
}
