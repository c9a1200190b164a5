//! File mappings, one promise a test; failing memory is at the end.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test is there to fail loudly")]

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::fixture::*;
use super::slab::SMALL;
use super::*;
use crate::abi::lifecycle_status::*;
use crate::base::failing::Failing;
use crate::base::last_sentence;

#[test]
fn one_mapping_however_many_paths_reach_it() {
    let dir = Dir::new("aliases");
    let path = dir.file("a.smf", b"the bytes");
    symlink(dir.at("a.smf"), dir.at("soft")).expect("a link");
    fs::hard_link(dir.at("a.smf"), dir.at("hard")).expect("a link");
    let (soft, hard) = (c(&dir.at("soft")), c(&dir.at("hard")));
    let dotted = c(&dir.at("./a.smf"));
    for mode in BOTH {
        let mut maps = mappings(mode);
        let first = maps.acquire(&path).expect("there");
        assert!(first.opened && first.displaced.is_none());
        for alias in [&soft, &hard, &dotted, &path] {
            let again = maps.acquire(alias).expect("there");
            assert_eq!((again.id, again.data), (first.id, first.data));
            assert!(!again.opened);
            assert_eq!(maps.find(alias), Some(first.id));
        }
        assert_eq!((maps.len(), maps.paths(), maps.bytes()), (1, 4, 9));
        assert_eq!(maps.refcount(&hard).ok(), Some(5));
        assert_eq!(bytes_of(&first), b"the bytes");
        let mapping = maps.get(first.id).expect("live");
        assert_eq!(mapping.path().bytes(), path.to_bytes());
        assert_eq!((mapping.len(), mapping.references()), (9, 5));
        for left in (0..5).rev() {
            let released = maps.release(first.id).expect("held");
            assert_eq!((released.evicted, maps.failed()), (left == 0, 0));
            assert_eq!(released.path.bytes(), path.to_bytes());
            assert_eq!(released.bytes, 9);
        }
        for alias in [&path, &soft, &hard, &dotted] {
            assert_eq!(status(maps.refcount(alias)), LIFECYCLE_E_NOT_FOUND);
        }
        assert!(is_bare(&maps));
        assert_eq!(status(maps.release(first.id)), LIFECYCLE_E_STALE);
        assert_eq!(status(maps.get(first.id)), LIFECYCLE_E_STALE);
    }
}

#[test]
fn a_replaced_file_is_another_mapping_and_old_users_keep_theirs() {
    let dir = Dir::new("replaced");
    for mode in BOTH {
        let path = dir.file("a.smf", b"old bytes");
        let mut maps = mappings(mode);
        let old = maps.acquire(&path).expect("there");
        dir.file("b.smf", b"new bytes");
        fs::rename(dir.at("b.smf"), dir.at("a.smf")).expect("renamed");
        assert_eq!(maps.find(&path), Some(old.id), "nobody has looked yet");
        let new = maps.acquire(&path).expect("there");
        assert!(new.opened && new.id != old.id);
        assert_eq!(bytes_of(&new), b"new bytes");
        assert_eq!(bytes_of(&old), b"old bytes");
        assert_eq!(maps.refcount(&path).ok(), Some(1), "the new one's");
        let released = maps.release(old.id).expect("held");
        assert!(released.evicted);
        assert_eq!(released.path.bytes(), path.to_bytes());
        assert_eq!(maps.find(&path), Some(new.id), "its path is not its any more");
        assert_eq!(bytes_of(&new), b"new bytes");
        assert!(maps.release(new.id).is_ok_and(|released| released.evicted));
        assert!(is_bare(&maps));
    }
}

#[test]
fn a_path_that_comes_back_to_a_held_file_finds_it_again() {
    let dir = Dir::new("back");
    let path = dir.file("a.smf", b"first");
    let mut maps = mappings(Mode::Map);
    let first = maps.acquire(&path).expect("there");
    fs::rename(dir.at("a.smf"), dir.at("kept")).expect("renamed");
    dir.file("a.smf", b"second");
    let second = maps.acquire(&path).expect("there");
    fs::rename(dir.at("kept"), dir.at("a.smf")).expect("renamed");
    let third = maps.acquire(&path).expect("there");
    assert_eq!(third.id, first.id);
    assert_eq!(maps.refcount(&path).ok(), Some(2));
    assert!(maps.release(second.id).is_ok_and(|gone| gone.evicted));
    assert_eq!(maps.find(&path), Some(first.id));
}

#[test]
fn a_deleted_file_works_for_its_users() {
    let dir = Dir::new("deleted");
    for mode in BOTH {
        let path = dir.file("a.smf", b"still here");
        let mut maps = mappings(mode);
        let held = maps.acquire(&path).expect("there");
        fs::remove_file(dir.at("a.smf")).expect("removed");
        assert_eq!(status(maps.acquire(&path)), LIFECYCLE_E_NOT_FOUND);
        assert_eq!(bytes_of(&held), b"still here");
        assert_eq!(maps.refcount(&path).ok(), Some(1), "the failure changed nothing");
        assert!(maps.release(held.id).is_ok_and(|gone| gone.evicted));
    }
}

#[test]
fn a_grown_or_rewritten_file_is_another_mapping() {
    let dir = Dir::new("grown");
    for mode in BOTH {
        let path = dir.file("a.smf", b"short");
        let mut maps = mappings(mode);
        let short = maps.acquire(&path).expect("there");
        dir.file("a.smf", b"longer than that");
        let long = maps.acquire(&path).expect("there");
        assert_ne!(long.id, short.id);
        assert_eq!(bytes_of(&long), b"longer than that");
        assert_eq!(short.len, 5);
        fs::write(dir.at("a.smf"), b"LONGER than that").expect("written");
        age(&dir.at("a.smf"), 60);
        let rewritten = maps.acquire(&path).expect("there");
        assert_ne!(rewritten.id, long.id, "same size, another time");
        assert_eq!(bytes_of(&rewritten), b"LONGER than that");
        assert_eq!(maps.len(), 3);
    }
}

#[test]
fn a_snapshot_outlives_what_is_done_to_the_file() {
    let dir = Dir::new("snapshot");
    let path = dir.file("a.smf", &[7; 10_000]);
    let mut maps = mappings(Mode::Snapshot);
    let held = maps.acquire(&path).expect("there");
    let file = fs::File::options().write(true).open(dir.at("a.smf"));
    file.expect("there").set_len(1).expect("cut");
    assert!(bytes_of(&held).iter().all(|byte| *byte == 7));
    assert_eq!(maps.acquire(&path).map(|cut| cut.len).ok(), Some(1));
}

#[test]
fn a_copy_of_a_file_that_was_cut_meanwhile_is_worth_nothing() {
    let dir = Dir::new("cut");
    let path = dir.file("a.smf", &[7; 10_000]);
    let opened = os::open_file(&path).expect("there");
    let file = fs::File::options().write(true).open(dir.at("a.smf"));
    file.expect("there").set_len(9_999).expect("cut");
    for mode in BOTH {
        let maps = mappings(mode);
        let loaded = Pages::load(mode, &maps.slab, &opened, (&path, false));
        assert!(loaded.is_ok_and(|loaded| loaded.is_none()));
    }
}

#[test]
fn a_snapshot_of_a_file_changed_just_now_is_compared() {
    let dir = Dir::new("unsettled");
    let at = dir.at("a.smf");
    let path = c(&at);
    fs::write(&at, b"one").expect("written");
    let changed = fs::metadata(&at).and_then(|about| about.modified());
    let changed = changed.expect("a time");
    let mut maps = unpacked(Host::libc(), Mode::Snapshot);
    UNMAPPED.set(0);
    let one = maps.acquire(&path).expect("there");
    let same = maps.acquire(&path).expect("there");
    assert_eq!(same.id, one.id, "the same bytes are the same mapping");
    assert_eq!(UNMAPPED.get(), 1, "the copy it was compared with is gone");
    // The same inode, size and time, as a second change within one tick of the clock leaves them.
    fs::write(&at, b"two").expect("written");
    let file = fs::File::options().write(true).open(&at).expect("there");
    file.set_modified(changed).expect("its owner may");
    let two = maps.acquire(&path).expect("there");
    assert!(two.opened && two.id != one.id);
    assert_eq!((bytes_of(&one), bytes_of(&two)), (&b"one"[..], &b"two"[..]));
    let again = maps.acquire(&path).expect("there");
    assert_eq!(again.id, two.id);
    assert!(maps.release(one.id).is_ok() && maps.release(one.id).is_ok());
    let last = maps.acquire(&path).expect("there");
    assert_eq!(last.id, two.id, "the old one's end does not hide the new one");
}

#[test]
fn a_settled_snapshot_is_not_read_again() {
    let dir = Dir::new("settled");
    let path = dir.file("a.smf", b"one");
    let mut maps = unpacked(Host::libc(), Mode::Snapshot);
    UNMAPPED.set(0);
    let one = maps.acquire(&path).expect("there");
    assert_eq!(maps.acquire(&path).map(|again| again.id).ok(), Some(one.id));
    assert_eq!(UNMAPPED.get(), 0, "nothing was copied to be compared");
    // As if it had been copied right after a change: once its time has settled, one look is enough.
    let mapping = maps.maps.maps.get_mut(one.id).expect("live");
    (mapping.unsettled, mapping.digest) = (true, Some(fetch::digest(&mapping.pages)));
    for _ in 0..3 {
        assert_eq!(maps.acquire(&path).map(|again| again.id).ok(), Some(one.id));
    }
    assert_eq!(UNMAPPED.get(), 1);
}

#[test]
fn a_mapped_file_changed_just_now_is_not_compared() {
    let dir = Dir::new("mapped");
    fs::write(dir.at("a.smf"), b"one").expect("written");
    let path = c(&dir.at("a.smf"));
    let mut maps = unpacked(Host::libc(), Mode::Map);
    UNMAPPED.set(0);
    let one = maps.acquire(&path).expect("there");
    assert_eq!(maps.acquire(&path).map(|again| again.id).ok(), Some(one.id));
    assert_eq!(UNMAPPED.get(), 0);
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = Dir::new("kinds");
    let fifo = c(&dir.at("fifo"));
    // SAFETY: the path is NUL-terminated.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    let under_file = dir.file("file", b"x");
    let under_file = [under_file.to_bytes(), b"/below"].concat();
    let empty = dir.file("empty", b"");
    let cases = [
        (c(&dir.at("missing")), LIFECYCLE_E_NOT_FOUND),
        (CString::new(under_file).expect("no NUL"), LIFECYCLE_E_NOT_FOUND),
        (CString::default(), LIFECYCLE_E_NOT_FOUND),
        (c(&dir.0), LIFECYCLE_E_TYPE),
        (fifo, LIFECYCLE_E_TYPE),
        (c"/dev/null".to_owned(), LIFECYCLE_E_TYPE),
        (empty, LIFECYCLE_E_FORMAT),
    ];
    for mode in BOTH {
        let mut maps = mappings(mode);
        for (path, expected) in &cases {
            assert_eq!(status(maps.acquire(path)), *expected, "{path:?}");
            assert_eq!(status(maps.prefetch(path)), *expected, "{path:?}");
            assert_eq!(maps.find(path), None);
        }
        assert_eq!((maps.len(), maps.paths(), maps.bytes()), (0, 0, 0));
    }
}

#[test]
fn a_file_one_may_not_read_is_denied() {
    let dir = Dir::new("denied");
    let path = dir.file("a.smf", b"secret");
    let locked = fs::Permissions::from_mode(0o000);
    fs::set_permissions(dir.at("a.smf"), locked).expect("its owner may");
    let thread = std::thread::spawn(move || {
        // SAFETY: changes who this thread alone is to the file system; root may read everything
        // otherwise.
        unsafe { libc::setfsuid(65_534) };
        status(mappings(Mode::Map).acquire(&path))
    });
    assert_eq!(thread.join().ok(), Some(LIFECYCLE_E_DENIED));
}

#[test]
fn a_prefetched_mapping_is_taken_over() {
    let dir = Dir::new("prefetch");
    let path = dir.file("a.smf", b"ahead of time");
    fs::hard_link(dir.at("a.smf"), dir.at("hard")).expect("a link");
    let hard = c(&dir.at("hard"));
    for mode in BOTH {
        let mut maps = mappings(mode);
        let ahead = maps.prefetch(&path).expect("there");
        assert!(ahead.opened);
        assert!(maps.prefetch(&path).is_ok_and(|again| !again.opened));
        assert!(maps.prefetch(&hard).is_ok_and(|again| !again.opened));
        assert_eq!(maps.refcount(&path).ok(), Some(1));
        assert_eq!(status(maps.release(ahead.id)), LIFECYCLE_E_INVALID);
        let first = maps.acquire(&hard).expect("there");
        assert_eq!((first.id, first.opened), (ahead.id, false));
        assert_eq!(maps.refcount(&path).ok(), Some(1), "taken over, not added");
        assert!(maps.acquire(&path).is_ok());
        assert_eq!(maps.refcount(&path).ok(), Some(2));
        assert!(maps.prefetch(&path).is_ok_and(|again| !again.opened));
        assert_eq!(maps.refcount(&path).ok(), Some(2), "it has users");
        assert_eq!(status(maps.drop_prefetched(&path)), LIFECYCLE_E_NOT_FOUND);
        assert!(maps.release(first.id).is_ok_and(|gone| !gone.evicted));
        assert!(maps.release(first.id).is_ok_and(|gone| gone.evicted));
        assert!(maps.prefetch(&path).is_ok_and(|again| again.opened));
        assert!(maps.drop_prefetched(&path).is_ok_and(|gone| gone.evicted));
        assert_eq!(status(maps.drop_prefetched(&path)), LIFECYCLE_E_NOT_FOUND);
        assert_eq!((maps.len(), maps.paths()), (0, 0));
    }
}

#[test]
fn a_prefetched_mapping_that_nobody_can_reach_goes() {
    let dir = Dir::new("displaced");
    let path = dir.file("a.smf", b"old");
    fs::hard_link(dir.at("a.smf"), dir.at("hard")).expect("a link");
    let hard = c(&dir.at("hard"));
    let mut maps = mappings(Mode::Map);
    let old = maps.prefetch(&path).expect("there");
    assert!(maps.prefetch(&hard).is_ok());
    dir.file("b.smf", b"new!");
    fs::rename(dir.at("b.smf"), dir.at("a.smf")).expect("renamed");
    let new = maps.prefetch(&path).expect("there");
    assert!(new.opened && new.displaced.is_none(), "the hard link reaches it");
    assert_eq!(maps.len(), 2);
    fs::rename(dir.at("a.smf"), dir.at("hard")).expect("renamed");
    let taken = maps.acquire(&hard).expect("there");
    assert_eq!((taken.id, taken.opened), (new.id, false));
    let gone = taken.displaced.expect("the old one is out of reach");
    assert_eq!((gone.id, gone.bytes, gone.evicted), (old.id, 3, true));
    assert_eq!(gone.path.bytes(), path.to_bytes());
    assert_eq!((maps.len(), maps.bytes()), (1, 4));
    assert_eq!(status(maps.get(old.id)), LIFECYCLE_E_STALE);
}

#[test]
fn bytes_are_copied_and_known_by_their_key() {
    for mode in BOTH {
        let mut maps = mappings(mode);
        let mut source = b"made in memory".to_vec();
        let key = c"<generated>/1";
        let made = maps.acquire_bytes(key, &source).expect("memory");
        source.fill(0);
        assert!(made.opened);
        assert_eq!(bytes_of(&made), b"made in memory");
        assert_eq!(status(maps.acquire_bytes(key, b"other")), LIFECYCLE_E_EXISTS);
        assert!(last_sentence().contains("<generated>/1"));
        assert_eq!(status(maps.acquire_bytes(c"<empty>", b"")), LIFECYCLE_E_FORMAT);
        let other = maps.acquire_bytes(c"<generated>/2", b"made in memory");
        let other = other.expect("memory");
        assert_ne!(other.id, made.id, "bytes are not compared");
        let again = maps.acquire(key).expect("it is live");
        assert_eq!((again.id, again.opened), (made.id, false));
        assert!(maps.prefetch(key).is_ok_and(|ahead| !ahead.opened));
        assert_eq!(maps.refcount(key).ok(), Some(2));
        assert_eq!((maps.len(), maps.paths(), maps.bytes()), (2, 2, 28));
        assert!(maps.release(made.id).is_ok_and(|gone| !gone.evicted));
        assert!(maps.release(made.id).is_ok_and(|gone| gone.evicted));
        assert_eq!(status(maps.acquire(key)), LIFECYCLE_E_NOT_FOUND);
        assert!(maps.acquire_bytes(key, b"again").is_ok());
    }
}

#[test]
fn a_live_path_is_no_key_for_bytes() {
    let dir = Dir::new("key");
    let path = dir.file("a.smf", b"a file");
    let mut maps = mappings(Mode::Map);
    let held = maps.acquire(&path).expect("there");
    assert_eq!(status(maps.acquire_bytes(&path, b"x")), LIFECYCLE_E_EXISTS);
    assert_eq!((maps.len(), maps.refcount(&path).ok()), (1, Some(1)));
    assert!(maps.release(held.id).is_ok());
    assert!(maps.acquire_bytes(&path, b"x").is_ok());
}

#[test]
fn what_the_system_refuses_to_unmap_is_kept_and_retried() {
    let dir = Dir::new("refused");
    let (a, b) = (dir.file("a.smf", b"aa"), dir.file("b.smf", b"bbb"));
    let mut maps = unpacked(Host::libc(), Mode::Map);
    let held = [&a, &b].map(|path| maps.acquire(path).expect("there"));
    REFUSE.set(true);
    for one in &held {
        let released = maps.release(one.id).expect("held");
        assert!(released.evicted);
        assert_eq!(status(maps.get(one.id)), LIFECYCLE_E_STALE);
    }
    assert_eq!((maps.find(&a), maps.len(), maps.paths()), (None, 0, 0));
    assert_eq!((maps.failed(), maps.bytes()), (2, 0));
    let kept: Vec<_> = maps.iter_failed().map(|(path, len)| (path.c_str(), len)).collect();
    assert_eq!(kept, [(a.as_c_str(), 2), (b.as_c_str(), 3)]);
    assert_eq!(bytes_of(&held[0]), b"aa", "it is still mapped");
    assert_eq!(maps.retry_failed(), 2);
    let kept: usize = maps.iter_failed().map(|(_, len)| len).sum();
    assert_eq!(kept, 5);
    let again = maps.acquire(&a).expect("there");
    assert!(again.opened && again.data != held[0].data);
    REFUSE.set(false);
    UNMAPPED.set(0);
    assert_eq!((maps.retry_failed(), UNMAPPED.get()), (0, 2));
    assert!(maps.release(again.id).is_ok());
    assert_eq!((maps.failed(), maps.retry_failed(), UNMAPPED.get()), (0, 0, 3));
}

#[test]
fn a_thousand_users_leave_nothing_behind() {
    let dir = Dir::new("flat");
    let path = dir.file("a.smf", &[1; 5000]);
    for mode in BOTH {
        let failing = Failing::new();
        let mut maps = unpacked(failing.host(), mode);
        UNMAPPED.set(0);
        let mut warm = 0;
        for round in 0..1000 {
            let held = maps.acquire(&path).expect("there");
            assert!(held.opened);
            assert!(maps.release(held.id).is_ok_and(|gone| gone.evicted));
            drop(held);
            if round == 10 {
                warm = failing.out.get();
            }
        }
        assert_eq!((failing.out.get(), UNMAPPED.get()), (warm, 1000));
        assert_eq!(held_by_process(&dir), (0, 0));
        let held: Vec<_> = (0..1000).map(|_| maps.acquire(&path).map(|one| one.id)).collect();
        let mapped = usize::from(mode == Mode::Map);
        assert_eq!(held_by_process(&dir), (0, mapped), "no descriptor is kept");
        for id in held {
            assert!(maps.release(id.expect("there")).is_ok());
        }
        assert_eq!(held_by_process(&dir), (0, 0));
        drop(maps);
        assert_eq!(failing.out.get(), 0);
    }
}

#[test]
fn dropping_the_table_unmaps_what_is_left() {
    let dir = Dir::new("drop");
    let (a, b) = (dir.file("a.smf", b"aa"), dir.file("b.smf", b"bbb"));
    let failing = Failing::new();
    let mut maps = unpacked(failing.host(), Mode::Map);
    assert!(maps.acquire(&a).is_ok() && maps.acquire(&a).is_ok());
    assert!(maps.prefetch(&b).is_ok() && maps.acquire_bytes(c"k", b"x").is_ok());
    let lens: Vec<_> = maps.iter().map(|(_, mapping)| mapping.len()).collect();
    assert_eq!(lens, [1, 3, 2]);
    REFUSE.set(true);
    let refused = maps.evict_any().expect("three are left");
    maps.give_back();
    assert!(maps.failed() == 1 && refused.path.c_str() == c"k");
    drop(refused);
    REFUSE.set(false);
    UNMAPPED.set(0);
    drop(maps);
    assert_eq!((UNMAPPED.get(), failing.out.get()), (3, 0));
    assert_eq!(held_by_process(&dir), (0, 0));
}

/// Everything that can take memory, on a table that is cold or warm; what is there afterwards, and
/// how it ended.
fn everything(maps: &mut Files, paths: &[CString]) -> (usize, Result<()>) {
    let mut references = 0;
    let mut work = || {
        for path in paths {
            maps.acquire(path)?;
            references += 1;
            maps.acquire(path)?;
            references += 1;
        }
        maps.acquire_bytes(c"<made>", b"bytes")?;
        references += 1;
        maps.prefetch(&paths[0])?;
        Ok(())
    };
    let ended = work();
    (references, ended)
}

#[test]
fn no_memory_changes_nothing_whichever_allocation_fails() {
    let dir = Dir::new("memory");
    let mut paths: Vec<_> = (0..20)
        .map(|n| dir.file(&format!("{n}.smf"), format!("contents {n}").as_bytes()))
        .collect();
    for n in 0..20 {
        let link = dir.at(&format!("link{n}"));
        fs::hard_link(dir.at(&format!("{n}.smf")), &link).expect("a link");
        paths.push(c(&link));
    }
    for mode in BOTH {
        let mut failures = 0;
        for k in 0.. {
            let failing = Failing::new();
            let mut maps = unpacked(failing.host(), mode);
            failing.countdown.set(k);
            let (references, ended) = everything(&mut maps, &paths);
            let counted: usize = maps.iter().map(|(_, mapping)| mapping.references()).sum();
            assert_eq!(counted, references, "k = {k}");
            assert_eq!(maps.paths(), references.div_ceil(2), "k = {k}");
            let mapped = maps.iter().filter(|(_, mapping)| mapping.file.is_some());
            let mapped = mapped.count() * usize::from(mode == Mode::Map);
            if k % 16 == 0 {
                assert_eq!(held_by_process(&dir), (0, mapped), "k = {k}");
            }
            if let Err(error) = ended {
                assert_eq!(error.0, LIFECYCLE_E_NOMEM);
                failures += 1;
            }
            // Giving up what is there needs no memory at all, even if the system refuses all of it.
            failing.countdown.set(0);
            REFUSE.set(k % 2 == 0);
            let live = maps.len();
            UNMAPPED.set(0);
            for (id, left) in maps.iter().map(|(id, m)| (id, m.references())).collect::<Vec<_>>() {
                for _ in 0..left {
                    assert!(maps.release(id).is_ok());
                }
            }
            assert_eq!((maps.len(), maps.paths(), maps.bytes()), (0, 0, 0));
            REFUSE.set(false);
            assert_eq!(maps.retry_failed(), 0);
            assert_eq!(UNMAPPED.get(), live, "k = {k}");
            assert!(is_bare(&maps));
            failing.countdown.set(-1);
            assert!(maps.acquire(&paths[0]).is_ok(), "it works again");
            drop(maps);
            assert_eq!(failing.out.get(), 0, "k = {k}");
            if ended.is_ok() {
                break;
            }
        }
        assert!(failures > 50, "{failures}");
    }
    assert_eq!(held_by_process(&dir), (0, 0));
}

#[test]
fn small_files_are_copied_into_pages_of_their_own_and_large_ones_are_mapped() {
    let dir = Dir::new("small");
    let page = os::page_size();
    for mode in BOTH {
        let mut maps = mappings(mode);
        let sizes = [1, 100, SMALL, SMALL + 1];
        let held: Vec<_> = sizes
            .iter()
            .map(|size| {
                let path = dir.file(&format!("{size}.smf"), &vec![7; *size]);
                maps.acquire(&path).expect("there")
            })
            .collect();
        for (one, size) in held.iter().zip(sizes) {
            assert_eq!((one.data as usize % page, one.len), (0, size));
            // SAFETY: `.map.pages` - the last page is whole.
            let whole =
                unsafe { core::slice::from_raw_parts(one.data, size.next_multiple_of(page)) };
            assert!(whole[..size].iter().all(|byte| *byte == 7));
            assert!(whole[size..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(held_by_process(&dir), (0, usize::from(mode == Mode::Map)));
        // A smaller file where a larger one was: nothing of that is left.
        assert!(maps.release(held[2].id).is_ok());
        let path = dir.file("short.smf", b"x");
        let short = maps.acquire(&path).expect("there");
        // SAFETY: as above.
        let whole = unsafe { core::slice::from_raw_parts(short.data, page) };
        assert!(whole.iter().filter(|byte| **byte != 0).eq(b"x"));
    }
}

#[test]
fn a_path_that_is_known_costs_one_question_and_another_one_none_before_it_is_opened() {
    let dir = Dir::new("questions");
    let path = dir.file("a.smf", b"contents");
    let link = dir.at("link");
    fs::hard_link(dir.at("a.smf"), &link).expect("a link");
    let link = c(&link);
    let mut maps = mappings(Mode::Map);
    assert!(maps.acquire(&path).is_ok());
    let Files { maps, slab } = &mut maps;
    let mut fetch = Fetch::file(slab, &path, false);
    maps.look(&mut fetch);
    assert_eq!(fetch.next, Next::Identify);
    assert!(fetch.go_on().is_ok());
    assert!(maps.acquire(&mut fetch).is_ok_and(|it| it.is_some_and(|it| !it.opened)));
    let mut fetch = Fetch::file(slab, &link, false);
    maps.look(&mut fetch);
    assert_eq!(fetch.next, Next::Open);
    assert!(fetch.go_on().is_ok());
    // It is in memory, so it is not read.
    assert!(maps.acquire(&mut fetch).is_ok_and(|it| it.is_some_and(|it| !it.opened)));
    assert!(fetch.end().is_none());
}

#[test]
fn whoever_comes_second_takes_what_the_first_one_brought() {
    let dir = Dir::new("race");
    for (mode, refuses) in [(Mode::Map, true), (Mode::Snapshot, false)] {
        let path = dir.file("a.smf", &[3; 20_000]);
        let mut files = unpacked(Host::libc(), mode);
        let slab = Slab::new();
        let mut fetch = Fetch::file(&slab, &path, false);
        files.look(&mut fetch);
        for wanted in [Next::Open, Next::Load] {
            assert_eq!(fetch.next, wanted);
            assert!(fetch.go_on().is_ok());
            if wanted == Next::Open {
                assert!(files.maps.acquire(&mut fetch).is_ok_and(|it| it.is_none()));
            }
        }
        assert_eq!(files.pending, 1);
        let other = {
            let mut fetch = Fetch::file(&slab, &path, false);
            files.look(&mut fetch);
            loop {
                assert!(fetch.go_on().is_ok());
                if let Some(taken) = files.maps.acquire(&mut fetch).expect("there") {
                    break taken;
                }
            }
        };
        let taken = files.maps.acquire(&mut fetch).expect("there").expect("it has all it needs");
        assert_eq!((taken.id, taken.opened), (other.id, false));
        // What was read for nothing is given back, and noted if that is refused.
        REFUSE.set(refuses);
        UNMAPPED.set(0);
        let debt = fetch.end().expect("it was told to read");
        REFUSE.set(false);
        files.settle(debt);
        let unmapped = usize::from(!refuses);
        assert_eq!((files.pending, files.failed()), (0, 1 - unmapped));
        assert_eq!(UNMAPPED.get(), unmapped);
        assert_eq!(files.retry_failed(), 0);
        assert_eq!(UNMAPPED.get(), 1);
    }
}

#[test]
fn a_mapping_is_shared_by_its_id_whatever_became_of_the_file() {
    let dir = Dir::new("share");
    let path = dir.file("a.smf", b"first");
    let mut maps = mappings(Mode::Map);
    let ahead = maps.prefetch(&path).expect("there");
    let one = maps.share(ahead.id).expect("live");
    assert_eq!(maps.refcount(&path).ok(), Some(1), "what was prefetched is taken over");
    fs::remove_file(dir.at("a.smf")).expect("removed");
    let two = maps.share(one.id).expect("live");
    assert_eq!((two.id, two.data, bytes_of(&two)), (one.id, one.data, &b"first"[..]));
    assert_eq!(two.path.bytes(), path.to_bytes());
    assert!(maps.release(one.id).is_ok_and(|gone| !gone.evicted));
    assert!(maps.release(one.id).is_ok_and(|gone| gone.evicted));
    assert_eq!(status(maps.share(one.id)), LIFECYCLE_E_STALE);
    assert!(is_bare(&maps));
}

#[test]
fn a_hundred_that_leave_at_once_are_all_given_back() {
    let dir = Dir::new("hundred");
    let mut maps = unpacked(Host::libc(), Mode::Map);
    let paths: Vec<_> = (0..100).map(|n| dir.file(&format!("{n}"), &[1; 50])).collect();
    let held: Vec<_> = paths.iter().map(|path| maps.acquire(path).map(|one| one.id)).collect();
    UNMAPPED.set(0);
    for id in held {
        assert!(maps.maps.release(id.expect("there")).is_ok());
    }
    assert!(maps.is_leaving());
    maps.give_back();
    assert_eq!(UNMAPPED.get(), 100);
    assert!(is_bare(&maps));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_agree_with_the_model(bytes in proptest::collection::vec(any::<u8>(), 1..1600)) {
        model::run(&bytes);
    }
}
