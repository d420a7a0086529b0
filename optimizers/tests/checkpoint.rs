//! Checkpoints: exact, whole or not at all, and clear about what is wrong.

use std::path::PathBuf;

use cotangent_optimizers::train::{load, save};

/// A folder of this test alone, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cotangent-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The temporary folder of the machine is cleaned by others too.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_checkpoint_cut_at_any_byte_is_refused_and_loads_nothing() {
    let folder = Folder::new("cut");
    let file = folder.0.join("model.safetensors");
    let model = vec![vec![1.5_f32, -0.0], vec![f32::MIN_POSITIVE]];
    save(&model, &file).unwrap();
    let content = std::fs::read(&file).unwrap();
    for length in 0..content.len() {
        std::fs::write(&file, &content[..length]).unwrap();
        let mut loaded = vec![vec![7.0_f32; 2], vec![7.0]];
        let error = load(&mut loaded, &file).unwrap_err().to_string();
        assert!(
            error.contains("no complete checkpoint"),
            "{length}: {error}"
        );
        assert!(!error.contains('\n'));
        assert_eq!(loaded, [vec![7.0; 2], vec![7.0]]);
    }
    std::fs::write(&file, &content).unwrap();
    let mut loaded = vec![vec![7.0_f32; 2], vec![7.0]];
    load(&mut loaded, &file).unwrap();
    let bits = |m: &[Vec<f32>]| m.concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&loaded), bits(&model));
}

#[test]
fn another_model_is_named_by_the_leaf_that_differs() {
    let folder = Folder::new("other");
    let file = folder.0.join("model.safetensors");
    save(&vec![vec![1.0_f64; 2]; 2], &file).unwrap();
    let mut longer = vec![vec![0.0_f64; 2]; 3];
    let error = load(&mut longer, &file).unwrap_err().to_string();
    assert!(error.contains("no leaf `2`"), "{error}");
    let mut wider = vec![vec![0.0_f64; 2], vec![0.0; 3]];
    let error = load(&mut wider, &file).unwrap_err().to_string();
    assert!(
        error.contains("leaf `1`") && error.contains("[3]"),
        "{error}"
    );
    let mut single = vec![vec![0.0_f32; 2]; 2];
    let error = load(&mut single, &file).unwrap_err().to_string();
    assert!(error.contains("F64") && error.contains("F32"), "{error}");
    assert_eq!(wider, [vec![0.0; 2], vec![0.0; 3]]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_no_other() {
    let folder = Folder::new("write");
    // The place of the checkpoint is taken by a folder, so that the last step, the move, fails.
    let place = folder.0.join("taken");
    std::fs::create_dir(&place).unwrap();
    let error = save(&vec![1.0_f64], &place).unwrap_err().to_string();
    assert!(error.starts_with("can't write"), "{error}");
    assert_eq!(folder.entries(), ["taken"]);
    assert!(save(&vec![1.0_f64], folder.0.join("no/such/folder")).is_err());
    assert_eq!(folder.entries(), ["taken"]);
}

#[test]
fn half_precision_is_saved_in_two_bytes_and_comes_back_bit_for_bit() {
    use cotangent_optimizers::train::Snapshot;
    use cotangent_runtime::{Tensor, bf16, f16};

    let folder = Folder::new("half");
    let file = folder.0.join("model.safetensors");
    let x = Tensor::<f32>::from_fn(&[3, 5], |i| (i as f32 * 0.7).sin());
    let model = (x.cast::<f16>(), x.cast::<bf16>(), x.clone());
    save(&model, &file).unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    assert!(text.contains(r#""dtype":"F16""#) && text.contains(r#""dtype":"BF16""#));
    let blank = (
        Tensor::zeros(&[3, 5]),
        Tensor::zeros(&[3, 5]),
        Tensor::zeros(&[3, 5]),
    );
    let mut loaded = blank.clone();
    load(&mut loaded, &file).unwrap();
    assert_eq!(loaded, model);
    let snapshot = Snapshot::of(&model);
    let mut restored = blank;
    snapshot.restore(&mut restored).unwrap();
    assert_eq!(restored, model);
    // An f32 model does not take the elements of a half one.
    let error = load(&mut vec![x.clone(), x.clone(), x], &file)
        .unwrap_err()
        .to_string();
    assert!(error.contains("F16") && error.contains("F32"), "{error}");
}
