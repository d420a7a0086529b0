//! Writes random programs to be compiled as the test of this package: `FUZZ_PROGRAMS` of them
//! (default 40), from the seed `FUZZ_SEED` (default 1).

#[path = "src/generator/mod.rs"]
mod generator;

fn main() {
    println!("cargo::rerun-if-env-changed=FUZZ_PROGRAMS");
    println!("cargo::rerun-if-env-changed=FUZZ_SEED");
    println!("cargo::rerun-if-changed=src/generator");
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (count, seed) = (number("FUZZ_PROGRAMS", 40), number("FUZZ_SEED", 1));
    let folder = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let path = std::path::Path::new(&folder).join("programs.rs");
    std::fs::write(path, generator::programs(count, seed)).expect("OUT_DIR can be written");
}
