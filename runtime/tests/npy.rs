//! Files of NumPy: those that it wrote, what is wrong with others, and what is written here.

use std::path::PathBuf;

use cotangent_runtime::{Tensor, f16, npy};

fn reference(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference")
        .join(name)
}

/// A file in the temporary folder that goes with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("cotangent-{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn files_that_numpy_wrote() {
    let double = npy::load::<f64>(reference("double.npy")).unwrap();
    assert_eq!(double, Tensor::from_fn(&[2, 3], |i| i as f64 / 4.0 - 0.5));
    let columns = npy::load::<f32>(reference("columns.npy")).unwrap();
    assert_eq!(columns, Tensor::from_fn(&[3, 2], |i| i as f32));
    let labels = npy::load::<u32>(reference("labels.npy")).unwrap();
    assert_eq!(labels.data(), [3, 0, u32::MAX]);
    let archive = npy::Archive::open(reference("several.npz")).unwrap();
    assert_eq!(
        archive.names().collect::<Vec<_>>(),
        ["w", "scalar", "empty"]
    );
    let w = archive.tensor::<f16>("w").unwrap();
    assert_eq!(w, Tensor::from_fn(&[2, 1, 2], |i| f16::from_f32(i as f32)));
    assert_eq!(
        archive.tensor::<f32>("scalar").unwrap(),
        Tensor::scalar(2.5)
    );
    assert_eq!(archive.tensor::<f32>("empty").unwrap().shape(), [0, 3]);
}

#[test]
fn what_does_not_fit_is_named() {
    let text = |result: Result<Tensor<f32>, cotangent_runtime::Error>| {
        result.map(drop).unwrap_err().to_string()
    };
    let labels = |name: &str| {
        npy::load::<u32>(reference(name))
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert!(text(npy::load(reference("double.npy"))).contains("`.astype('<f4')`"));
    assert!(text(npy::load(reference("big.npy"))).contains("`>f4`"));
    assert!(text(npy::load(reference("nowhere.npy"))).contains("can't read"));
    assert!(labels("negative.npy").contains("the label -2 is negative"));
    assert!(labels("double.npy").contains("labels are"));
    let archive = npy::Archive::open(reference("several.npz")).unwrap();
    let missing = text(archive.tensor("v"));
    assert!(
        missing.contains("no `v`") && missing.contains("`scalar`"),
        "{missing}"
    );
    let compressed = npy::Archive::open(reference("compressed.npz"))
        .unwrap_err()
        .to_string();
    assert!(compressed.contains("`numpy.savez`"), "{compressed}");
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    for name in ["double.npy", "columns.npy"] {
        let whole = std::fs::read(reference(name)).unwrap();
        let scratch = Scratch::new(name);
        for end in (0..whole.len()).step_by(3) {
            std::fs::write(&scratch.0, &whole[..end]).unwrap();
            let error = npy::load::<f64>(&scratch.0).unwrap_err().to_string();
            assert!(error.contains("no complete"), "{error}");
        }
    }
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    let scratch = Scratch::new("written.npy");
    npy::save(
        &scratch.0,
        &Tensor::from_fn(&[2, 3], |i| i as f64 / 4.0 - 0.5),
    )
    .unwrap();
    let [written, expected] =
        [scratch.0.clone(), reference("double.npy")].map(|path| std::fs::read(path).unwrap());
    // NumPy leaves more room behind its header; the dictionary and the elements are the same.
    let parts = |bytes: &[u8]| {
        let text: String = bytes[10..].iter().map(|&byte| char::from(byte)).collect();
        let (header, elements) = text.split_once('\n').unwrap();
        (header.trim_end().to_owned(), elements.to_owned())
    };
    assert_eq!(parts(&written), parts(&expected));
    assert_eq!((written.len() - 48) % 64, 0);
}

#[test]
fn archives_keep_every_bit() {
    let scratch = Scratch::new("archive.npz");
    let odd = Tensor::from_vec(&[4], vec![f32::NAN, -0.0, f32::INFINITY, 1e-40]).unwrap();
    let labels = Tensor::from_vec(&[1, 2], vec![u32::MAX, 7]).unwrap();
    npy::save_all(
        &scratch.0,
        &[
            ("odd", &odd),
            ("a.b", &labels),
            ("none", &Tensor::scalar(1.5_f64)),
        ],
    )
    .unwrap();
    let archive = npy::Archive::open(&scratch.0).unwrap();
    let bits = |tensor: &Tensor<f32>| {
        tensor
            .data()
            .iter()
            .map(|x| x.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&archive.tensor("odd").unwrap()), bits(&odd));
    assert_eq!(archive.tensor::<u32>("a.b").unwrap(), labels);
    assert_eq!(archive.tensor::<f64>("none").unwrap(), Tensor::scalar(1.5));
    let twice = npy::save_all(&scratch.0, &[("odd", &odd), ("odd", &odd)]);
    assert!(twice.unwrap_err().to_string().contains("called `odd.npy`"));
    assert_eq!(
        npy::Archive::open(&scratch.0).unwrap().names().count(),
        3,
        "nothing was written"
    );
}
