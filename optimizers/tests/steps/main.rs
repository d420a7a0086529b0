//! The steps themselves of searches and trust regions, against values computed by hand: a search
//! that ends at a good point for the wrong reason is noticed.

mod bounds;
mod regions;
mod searches;

fn assert_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{got:?} and {want:?}");
    for (got, want) in got.iter().zip(want) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs().max(1.0),
            "{got} and {want}"
        );
    }
}
