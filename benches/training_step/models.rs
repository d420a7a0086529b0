//! The models of the cases, as a user would write them.

use cotangent::prelude::*;

/// One dense layer.
#[derive(Differentiable, Clone)]
pub(crate) struct Dense {
    pub(crate) w: Tensor<f32>,
    pub(crate) b: Tensor<f32>,
}

impl Dense {
    fn new(inputs: usize, outputs: usize) -> Dense {
        Dense {
            w: Tensor::zeros(&[inputs, outputs]),
            b: Tensor::zeros(&[outputs]),
        }
    }
}

/// Two convolutions with pooling, and two dense layers: 1 x 28 x 28 pixels to 10 classes.
#[derive(Differentiable, Clone)]
pub(crate) struct Cnn {
    w1: Tensor<f32>,
    b1: Tensor<f32>,
    w2: Tensor<f32>,
    b2: Tensor<f32>,
    hidden: Dense,
    head: Dense,
}

impl Cnn {
    pub(crate) fn new() -> Cnn {
        let mut model = Cnn {
            w1: Tensor::zeros(&[8, 1, 5, 5]),
            b1: Tensor::zeros(&[8, 1, 1]),
            w2: Tensor::zeros(&[16, 8, 5, 5]),
            b2: Tensor::zeros(&[16, 1, 1]),
            hidden: Dense::new(256, 128),
            head: Dense::new(128, 10),
        };
        init(&mut model, Init::He, 1);
        model
    }
}

#[differentiable(wrt(model))]
pub(crate) fn recognise(model: &Cnn, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    let a = (x.conv2d(&model.w1, 1, 0) + &model.b1).relu();
    let a = a.max_pool(&[2, 2], &[2, 2]);
    let a = (a.conv2d(&model.w2, 1, 0) + &model.b2).relu();
    let a = a.max_pool(&[2, 2], &[2, 2]).reshape(&[-1, 256]);
    let hidden = (a.matmul(&model.hidden.w) + &model.hidden.b).relu();
    let logits = hidden.matmul(&model.head.w) + &model.head.b;
    logits.cross_entropy(labels).mean()
}

/// A language model over characters: embedding, LSTM, head.
#[derive(Differentiable, Clone)]
pub(crate) struct Recurrent {
    table: Tensor<f32>,
    wx: Tensor<f32>,
    wh: Tensor<f32>,
    b: Tensor<f32>,
    head: Dense,
}

/// Characters that a text is made of.
pub(crate) const CHARACTERS: usize = 65;

impl Recurrent {
    pub(crate) fn new(width: usize) -> Recurrent {
        let mut model = Recurrent {
            table: Tensor::zeros(&[CHARACTERS, width]),
            wx: Tensor::zeros(&[width, 4 * width]),
            wh: Tensor::zeros(&[width, 4 * width]),
            b: Tensor::zeros(&[4 * width]),
            head: Dense::new(width, CHARACTERS),
        };
        init(&mut model, Init::Xavier, 1);
        model
    }
}

/// `text` and `next` are `[T, N]`: a column is a text, and the character after each of its characters.
#[differentiable(wrt(model))]
pub(crate) fn predict(
    model: &Recurrent,
    text: &Tensor<u32>,
    next: &Tensor<u32>,
    start: &Tensor<f32>,
) -> f32 {
    let x = model.table.embedding(text);
    let h = x.lstm(start, start, &model.wx, &model.wh, &model.b);
    let logits = h.matmul(&model.head.w) + &model.head.b;
    logits.cross_entropy(next).mean()
}

/// What a layer norm scales and shifts by.
#[derive(Differentiable, Clone)]
pub(crate) struct Norm {
    gain: Tensor<f32>,
    bias: Tensor<f32>,
}

impl Norm {
    fn new(width: usize) -> Norm {
        Norm {
            gain: Tensor::full(&[width], 1.0),
            bias: Tensor::zeros(&[width]),
        }
    }
}

/// One block of a transformer between an embedding and a head.
#[derive(Differentiable, Clone)]
pub(crate) struct Transformer {
    table: Tensor<f32>,
    places: Tensor<f32>,
    before: [Norm; 3],
    qkv: Dense,
    joined: Dense,
    wide: Dense,
    narrow: Dense,
    head: Dense,
}

impl Transformer {
    pub(crate) fn new(length: usize, width: usize) -> Transformer {
        let mut model = Transformer {
            table: Tensor::zeros(&[CHARACTERS, width]),
            places: Tensor::zeros(&[length, width]),
            before: [(); 3].map(|()| Norm::new(width)),
            qkv: Dense::new(width, 3 * width),
            joined: Dense::new(width, width),
            wide: Dense::new(width, 4 * width),
            narrow: Dense::new(4 * width, width),
            head: Dense::new(width, CHARACTERS),
        };
        init(&mut model, Init::Xavier, 1);
        model.before = [(); 3].map(|()| Norm::new(width));
        model
    }
}

/// `text` and `next` are `[N, T]`: a row is a text, and the character after each of its characters.
#[differentiable(wrt(model))]
pub(crate) fn attend(
    model: &Transformer,
    text: &Tensor<u32>,
    next: &Tensor<u32>,
    heads: usize,
) -> f32 {
    let x = model.table.embedding(text) + &model.places;
    let (batch, length, width) = (x.shape()[0], x.shape()[1], x.shape()[2]);
    let [first, second, third] = &model.before;
    let qkv = x
        .layer_norm(&first.gain, &first.bias, 1e-5)
        .matmul(&model.qkv.w)
        + &model.qkv.b;
    let split = qkv
        .reshape(&[
            batch as i64,
            length as i64,
            3,
            heads as i64,
            (width / heads) as i64,
        ])
        .permute(&[2, 0, 3, 1, 4]);
    let (q, k, v) = (
        split.index_axis(0, 0),
        split.index_axis(0, 1),
        split.index_axis(0, 2),
    );
    let seen = q.attention_causal(&k, &v).swap_axes(1, 2);
    let seen = seen.reshape(&[batch as i64, length as i64, width as i64]);
    let x = x + seen.matmul(&model.joined.w) + &model.joined.b;
    let h = x
        .layer_norm(&second.gain, &second.bias, 1e-5)
        .matmul(&model.wide.w)
        + &model.wide.b;
    let x = x + h.gelu().matmul(&model.narrow.w) + &model.narrow.b;
    let h = x.layer_norm(&third.gain, &third.bias, 1e-5);
    let logits = h.matmul(&model.head.w) + &model.head.b;
    logits.cross_entropy(next).mean()
}

/// Dense layers with an activation between them.
#[derive(Differentiable, Clone)]
pub(crate) struct Mlp {
    pub(crate) layers: Vec<Dense>,
}

impl Mlp {
    /// Layers of these sizes, He-initialised.
    pub(crate) fn new(sizes: &[usize]) -> Mlp {
        let mut model = Mlp {
            layers: sizes
                .windows(2)
                .map(|pair| Dense::new(pair[0], pair[1]))
                .collect(),
        };
        init(&mut model, Init::He, 1);
        model
    }
}

#[differentiable(wrt(model))]
pub(crate) fn classify(model: &Mlp, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    let mut h = x.clone();
    let last = model.layers.len() - 1;
    for (index, layer) in model.layers.iter().enumerate() {
        h = h.matmul(&layer.w) + &layer.b;
        if index < last {
            h = h.relu();
        }
    }
    h.cross_entropy(labels).mean()
}

#[differentiable(wrt(model))]
pub(crate) fn regress(model: &Dense, x: &Tensor<f32>, y: &Tensor<f32>) -> f32 {
    let error = x.matmul(&model.w) + &model.b - y;
    (&error * &error).mean()
}

#[differentiable(wrt(model))]
pub(crate) fn tiny(model: &Mlp, x: &Tensor<f32>, y: &Tensor<f32>) -> f32 {
    let first = &model.layers[0];
    let second = &model.layers[1];
    let hidden = (x.matmul(&first.w) + &first.b).tanh();
    let error = hidden.matmul(&second.w) + &second.b - y;
    (&error * &error).mean()
}

/// A linear model of ten inputs.
pub(crate) fn linear() -> Dense {
    let mut model = Dense::new(10, 1);
    init(&mut model, Init::He, 1);
    model
}
