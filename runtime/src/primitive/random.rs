//! Random numbers by key and counter (Philox 4x32-10, Salmon et al. 2011): element i depends on
//! the key and on i alone, so that neither threads nor the order of operations change it.

use super::{Call, index, primitive};
use crate::{Real, shape};

primitive! {
    /// Numbers in [0, 1) from a key of two words; parameters: the sizes.
    UNIFORM uniform |shapes, args| {
        if shapes[0] != [2] {
            return Err("a key has two words".to_owned());
        }
        let sizes: Vec<usize> = args.iter().map(|&size| index(size)).collect();
        shape::checked_len(&sizes).ok_or("the result is too large")?;
        Ok(sizes)
    }, labels 0 |_, _| usize::MAX
}

fn uniform<T: Real>(call: Call<'_, T>) {
    let &[low, high] = call.labels else { return };
    for (block, y) in (0_u64..).zip(call.y.chunks_mut(4)) {
        let counter = [block as u32, (block >> 32) as u32, 0, 0];
        for (y, word) in y.iter_mut().zip(philox(counter, [low, high])) {
            // 24 bits are exact in either type.
            *y = T::from_f64(f64::from(word >> 8) / f64::from(1 << 24));
        }
    }
}

/// Ten rounds over a counter.
fn philox(mut x: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(x[0]) * 0xD251_1F53;
        let second = u64::from(x[2]) * 0xCD9E_8D57;
        x = [
            (second >> 32) as u32 ^ x[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ x[3] ^ key[1],
            first as u32,
        ];
        key = [
            key[0].wrapping_add(0x9E37_79B9),
            key[1].wrapping_add(0xBB67_AE85),
        ];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::philox;

    #[test]
    fn known_answers_of_random123() {
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }
}
