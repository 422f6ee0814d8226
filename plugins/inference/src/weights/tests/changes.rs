//! Files that change while they are in use.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;

use super::super::{Change, Standing, Weights, WeightsError};
use super::*;

/// 64 tensors of 64 KiB, all ones.
fn big() -> Vec<u8> {
    let ones = vec![1; 64 << 10];
    let names: Vec<_> = (0..64).map(|index| format!("t{index:02}")).collect();
    let tensors: Vec<_> =
        names.iter().map(|name| (name.as_str(), Dtype::U8, &[64 << 10][..], ones.as_slice())).collect();
    safetensors(&tensors)
}

fn cut(path: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn sum(view: super::super::TensorView<'_>) -> usize {
    view.bytes().iter().map(|&byte| usize::from(byte)).sum()
}

fn change<T>(result: Result<T, WeightsError>) -> Change {
    match result {
        Err(WeightsError::Changed { change, .. }) => change,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no change was seen"),
    }
}

/// Two looks at the clock that a file system stamps with differ after this.
fn let_the_clock_move() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
#[cfg(unix)]
fn a_file_cut_short_before_a_read_is_an_error() {
    let file = temp_file(&big());
    let weights = Weights::open(file.path()).unwrap();
    assert_eq!(weights.read("t40", sum).unwrap(), 64 << 10);
    cut(file.path(), 1 << 20);
    let after = 1 << 20;
    assert!(matches!(change(weights.read("t40", sum)), Change::Length { after: found, .. } if found == after));
    let error = weights.check_unchanged().unwrap_err().to_string();
    assert!(error.contains(".safetensors") && error.contains("is 1048576 bytes long now"), "{error}");
}

#[test]
#[cfg(unix)]
fn a_file_cut_short_while_it_is_read_is_an_error() {
    let file = temp_file(&big());
    let weights = Weights::open(file.path()).unwrap();
    let result = weights.read("t40", |view| {
        cut(file.path(), 1 << 20);
        assert_eq!(sum(view), 0);
    });
    assert!(matches!(change(result), Change::Length { .. }));
    assert!(!weights.is_intact());
    // What lies before the cut was never lost, but the file as a whole is not what it was.
    assert_eq!(sum(weights.tensor("t00").unwrap()), 64 << 10);
    assert!(weights.read("t00", sum).is_err());
}

#[test]
#[cfg(unix)]
fn a_cut_is_noticed_even_if_the_length_is_restored() {
    let file = temp_file(&big());
    let weights = Weights::open(file.path()).unwrap();
    let length = std::fs::metadata(file.path()).unwrap().len();
    let written = File::open(file.path()).unwrap().metadata().unwrap().modified().unwrap();
    let result = weights.read("t40", |view| {
        cut(file.path(), 1 << 20);
        assert_eq!(sum(view), 0);
        cut(file.path(), length);
        OpenOptions::new().write(true).open(file.path()).unwrap().set_modified(written).unwrap();
    });
    assert_eq!(change(result), Change::Unreadable);
}

#[test]
#[cfg(unix)]
fn a_cut_within_the_last_page_is_an_error() {
    let file = temp_file(&one_tensor());
    let weights = Weights::open(file.path()).unwrap();
    let length = std::fs::metadata(file.path()).unwrap().len();
    cut(file.path(), length - 1);
    // No page is missing: the system fills the last one with zeros.
    assert!(weights.tensor("t").is_ok() && weights.is_intact());
    assert!(matches!(change(weights.check_unchanged()), Change::Length { .. }));
}

#[test]
#[cfg(unix)]
fn a_file_written_to_in_place_is_an_error() {
    let file = temp_file(&big());
    let weights = Weights::open(file.path()).unwrap();
    let_the_clock_move();
    let result = weights.read("t40", |_| {
        let mut writer = OpenOptions::new().write(true).open(file.path()).unwrap();
        writer.seek(SeekFrom::End(-4)).unwrap();
        writer.write_all(&[2; 4]).unwrap();
    });
    assert_eq!(change(result), Change::Written);
    assert_eq!(weights.standing(), Standing::Replaced);
}

#[test]
#[cfg(unix)]
fn a_file_that_grows_is_an_error() {
    let file = temp_file(&one_tensor());
    let weights = Weights::open(file.path()).unwrap();
    OpenOptions::new().append(true).open(file.path()).unwrap().write_all(&[0]).unwrap();
    assert!(matches!(change(weights.check_unchanged()), Change::Length { before, after } if after == before + 1));
}

#[test]
#[cfg(unix)]
fn a_file_that_is_replaced_or_removed_stays_what_it_was() {
    let file = temp_file(&big());
    let weights = Weights::open(file.path()).unwrap();
    assert_eq!(weights.standing(), Standing::Current);
    let_the_clock_move();
    let newer = temp_file(&one_tensor());
    std::fs::rename(newer.path(), file.path()).unwrap();
    assert_eq!(weights.standing(), Standing::Replaced);
    assert_eq!(weights.read("t40", sum).unwrap(), 64 << 10);
    std::fs::remove_file(file.path()).unwrap();
    assert_eq!(weights.standing(), Standing::Gone);
    assert_eq!(weights.read("t41", sum).unwrap(), 64 << 10);
}

#[test]
#[cfg(unix)]
fn many_threads_may_run_into_the_gap_at_once() {
    for _ in 0..20 {
        let file = temp_file(&big());
        let weights = Weights::open(file.path()).unwrap();
        let start = Barrier::new(5);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (weights, start) = (weights.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut order: Vec<_> = (16..64).collect();
                    order.rotate_left(thread * 12);
                    while weights.check_unchanged().is_ok() {
                        for index in &order {
                            let sum = sum(weights.tensor(&format!("t{index}")).unwrap());
                            assert!(sum <= 64 << 10, "other bytes than ones and zeros");
                        }
                    }
                    assert!(matches!(change(weights.check_unchanged()), Change::Length { .. }));
                });
            }
            start.wait();
            std::thread::sleep(Duration::from_micros(200));
            cut(file.path(), 1 << 20);
        });
    }
}

#[test]
#[cfg(unix)]
fn other_weights_are_not_touched() {
    let (good, bad) = (temp_file(&big()), temp_file(&big()));
    let (good, torn) = (Weights::open(good.path()).unwrap(), Weights::open(bad.path()).unwrap());
    cut(bad.path(), 0);
    assert_eq!(sum(torn.tensor("t40").unwrap()), 0);
    assert!(!torn.is_intact() && good.is_intact());
    assert_eq!(good.read("t40", sum).unwrap(), 64 << 10);
}
