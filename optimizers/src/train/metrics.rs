//! Metrics of predictions.

/// The part of rows whose largest entry stands at the row's label; 0 for no rows.
///
/// ```
/// use cotangent_optimizers::accuracy;
/// assert_eq!(accuracy(&[0.1, 0.9, 0.8, 0.2], &[1, 1]), 0.5);
/// ```
pub fn accuracy(logits: &[f32], labels: &[u32]) -> f64 {
    if labels.is_empty() {
        return 0.0;
    }
    let classes = (logits.len() / labels.len()).max(1);
    let right = logits.chunks(classes).zip(labels).filter(|(row, label)| {
        let mut best = 0;
        for (index, value) in row.iter().enumerate() {
            if *value > row[best] {
                best = index;
            }
        }
        best == **label as usize
    });
    right.count() as f64 / labels.len() as f64
}
