//! Recurrent layers over a whole sequence `[T, N, I]`: T steps of N rows. The products of all inputs are
//! one, and the steps of gated layers are one kernel; the same layers written as loops over `index_axis` compute the same.

use super::both;
use crate::primitive::{GRU, GRU_HIDDEN, LSTM, LSTM_HIDDEN};

both! {
    /// The hidden states `[T, N, H]` of a plain recurrent layer over `[T, N, I]`, from an initial hidden
    /// state `[N, H]`, weights of the input `[I, H]` and of the hidden state `[H, H]`, and a bias `[H]`:
    /// `h = tanh(x wx + h' wh + b)` (Elman, 1990). The products of all inputs are one, the steps are
    /// operations of their own.
    #[must_use]
    #[track_caller]
    pub fn rnn(&self, h0: &Self, wx: &Self, wh: &Self, b: &Self) -> Self {
        let shape = self.sizes();
        if shape.len() != 3 {
            return self.refuse("rnn", "it needs [T, N, features]");
        }
        let inputs = self.matmul(wx) + b;
        let mut h = h0.clone();
        let mut states = Vec::with_capacity(shape[0]);
        for t in 0..shape[0] {
            h = (inputs.index_axis(0, t) + h.matmul(wh)).tanh();
            states.push(h.clone());
        }
        match states.split_first() {
            Some((first, rest)) => first.stack(&rest.iter().collect::<Vec<_>>(), 0),
            None => inputs,
        }
    }

    /// The hidden states `[T, N, H]` of an LSTM over `[T, N, I]`, from initial hidden state and cell
    /// `[N, H]`, weights of the input `[I, 4 H]` and of the hidden state `[H, 4 H]`, and a bias `[4 H]`,
    /// all with the gates in the order input, forget, candidate, output:
    /// `i, f, g, o = x wx + h' wh + b`, `c = sigmoid(f) c' + sigmoid(i) tanh(g)`,
    /// `h = sigmoid(o) tanh(c)` (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).
    ///
    /// ```
    /// use cotangent_runtime::Tensor;
    /// let x = Tensor::from_fn(&[3, 1, 2], |i| i as f64);
    /// let zero = Tensor::zeros(&[1, 1]);
    /// let (wx, wh) = (Tensor::zeros(&[2, 4]), Tensor::zeros(&[1, 4]));
    /// let b = Tensor::from_vec(&[4], vec![0.0, 0.0, 100.0, 100.0]).unwrap();
    /// // The cell is halved and 1/2 added in each step.
    /// let h = x.lstm(&zero, &zero, &wx, &wh, &b);
    /// assert_eq!(h.shape(), [3, 1, 1]);
    /// assert!((h.data()[2] - (0.875_f64).tanh()).abs() < 1e-15);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn lstm(&self, h0: &Self, c0: &Self, wx: &Self, wh: &Self, b: &Self) -> Self {
        if self.sizes().len() != 3 {
            return self.refuse("lstm", "it needs [T, N, features]");
        }
        let inputs = self.matmul(wx) + b;
        let states = inputs.call("lstm", &LSTM, &[wh, h0, c0], &[]);
        states.call("lstm", &LSTM_HIDDEN, &[&inputs, wh, h0, c0], &[0])
    }

    /// The hidden states `[T, N, H]` of a GRU over `[T, N, I]`, from an initial hidden state `[N, H]`,
    /// weights of the input `[I, 3 H]` and of the hidden state `[H, 3 H]`, and a bias of each `[3 H]`, all
    /// with the gates in the order reset, update, candidate: with `a = x wx + bx` and `u = h' wh + bh`,
    /// `r = sigmoid(a + u)`, `z = sigmoid(a + u)`, `m = tanh(a + r u)`, `h = (1 - z) m + z h'` (Cho et
    /// al., 2014, with the reset behind the product).
    ///
    /// ```
    /// use cotangent_runtime::Tensor;
    /// let x = Tensor::from_fn(&[2, 1, 2], |i| i as f64);
    /// let (wx, wh) = (Tensor::zeros(&[2, 3]), Tensor::zeros(&[1, 3]));
    /// let b = Tensor::zeros(&[3]);
    /// // The candidate is 0, and the update gate 1/2: the state is halved in each step.
    /// let h = x.gru(&Tensor::full(&[1, 1], 1.0), &wx, &wh, &b, &b);
    /// assert_eq!(h.data(), [0.5, 0.25]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gru(&self, h0: &Self, wx: &Self, wh: &Self, bx: &Self, bh: &Self) -> Self {
        if self.sizes().len() != 3 {
            return self.refuse("gru", "it needs [T, N, features]");
        }
        let inputs = self.matmul(wx) + bx;
        let states = inputs.call("gru", &GRU, &[wh, bh, h0], &[]);
        states.call("gru", &GRU_HIDDEN, &[&inputs, wh, bh, h0], &[0])
    }
}
