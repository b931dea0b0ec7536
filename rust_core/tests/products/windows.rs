//! Convolution and pooling: members compute what the model alone does, and what cannot be is refused.

use crate::alone::{compare, data, same_bits};
use syntonic_core::ops::{
    Arithmetic, AvgPool, Conv, How, Linear, MatMul, MaxPool, MeanSquaredError, Op, Permute, Reduce, Tanh, Windows,
};
use syntonic_core::program::Program;
use syntonic_core::tensor::{DType, Shape, Tensor};

const CONV: Conv = Conv { weight: 0, bias: None, axes: 2, stride: [1, 1], padding: [0, 0] };

#[test]
fn members_of_a_network_over_images_have_the_bits_of_the_model_alone() {
    // Outputs and positions that fill no tile, a bias and none, shared and own inputs, padding on one side only.
    let mut p = Program::new(vec![[6, 3, 2, 2].into(), [6].into(), [19, 2, 3, 6].into(), [3, 1, 1, 19].into()]);
    let x = p.input([3, 7, 6, 2]);
    let h = p.apply(Conv { bias: Some(1), padding: [2, 0], ..CONV }, &[x]).unwrap();
    let h = p.apply(Tanh, &[h]).unwrap();
    let h = p.apply(MaxPool(Windows { axes: 2, size: [2, 1], stride: [1, 1] }), &[h]).unwrap();
    let h = p.apply(Conv { weight: 2, stride: [2, 1], padding: [1, 1], ..CONV }, &[h]).unwrap();
    let h = p.apply(AvgPool(Windows { axes: 2, size: [3, 2], stride: [2, 2] }), &[h]).unwrap();
    let h = p.apply(Conv { weight: 3, ..CONV }, &[h]).unwrap();
    let out = p.apply(Reduce::all(How::Mean), &[h]).unwrap();
    assert_eq!(p.shape(h).unwrap(), &Shape::from([3, 2, 2, 3]));
    same_bits(&p, out, &[data(0, [3, 7, 6, 2])], &[None, Some(1), Some(2)]);
}

#[test]
fn members_of_a_network_over_sequences_have_the_bits_of_the_model_alone() {
    let line = Conv { axes: 1, stride: [9, 2], padding: [7, 2], ..CONV };
    let mut p = Program::new(vec![[5, 4, 3].into(), [5].into(), [4, 3, 5].into()]);
    let x = p.input([2, 13, 3]);
    let x = p.apply(MaxPool(Windows { axes: 1, size: [0, 2], stride: [0, 1] }), &[x]).unwrap();
    let h = p.apply(Conv { bias: Some(1), ..line }, &[x]).unwrap();
    let h = p.apply(AvgPool(Windows { axes: 1, size: [0, 3], stride: [0, 1] }), &[h]).unwrap();
    let h = p.apply(Conv { weight: 2, stride: [1, 1], padding: [0, 1], ..line }, &[h]).unwrap();
    let out = p.apply(Reduce::all(How::Mean), &[h]).unwrap();
    same_bits(&p, out, &[data(0, [2, 13, 3])], &[None, Some(1)]);
}

#[test]
fn members_with_long_sums_have_the_bits_of_the_model_alone() {
    // Sums that are cut so that their factors fit into a cache, of rows and outputs that fill no tile and no block.
    let mut p = Program::new(vec![[6, 3, 3, 40].into(), [6].into(), [130, 6].into(), [9, 130].into()]);
    let x = p.input([2, 13, 7, 40]);
    let h = p.apply(Tanh, &[x]).unwrap();
    let h = p.apply(Conv { bias: Some(1), ..CONV }, &[h]).unwrap();
    let h = p.apply(Linear { weight: 2, bias: None }, &[h]).unwrap();
    let h = p.apply(Tanh, &[h]).unwrap();
    let h = p.apply(Linear { weight: 3, bias: None }, &[h]).unwrap();
    let out = p.apply(Reduce::all(How::Mean), &[h]).unwrap();
    same_bits(&p, out, &[data(0, [2, 13, 7, 40])], &[None]);
}

#[test]
fn members_with_sums_of_several_blocks_have_the_bits_of_the_model_alone() {
    // More than 4096 terms in each: a prime number of inputs, windows whose runs blocks cut, products, rows of a loss.
    let mut p = Program::new(vec![[3, 5003].into(), [3].into(), [5, 70, 33, 2].into(), [5000, 3].into()]);
    let x = p.input([2, 5003]);
    let images = p.input([1, 71, 35, 2]);
    let h = p.apply(Linear { weight: 0, bias: Some(1) }, &[x]).unwrap();
    let y = p.apply(Conv { weight: 2, ..CONV }, &[images]).unwrap();
    let own = p.apply(Reduce { how: How::Mean, axes: Some(vec![0, 1, 2]), keep: false }, &[y]).unwrap();
    let wide = p.apply(Linear { weight: 3, bias: None }, &[h]).unwrap();
    let turned = p.apply(Permute { axes: vec![1, 0] }, &[wide]).unwrap();
    let square = p.apply(MatMul, &[wide, turned]).unwrap();
    let zeros = p.constant(Tensor::full([2, 5000], DType::F32, 0.1).unwrap());
    let loss = p.apply(MeanSquaredError, &[wide, zeros]).unwrap();
    let columns = p.apply(Reduce { how: How::Sum, axes: Some(vec![0]), keep: false }, &[turned]).unwrap();
    let one = |p: &mut Program, x| p.apply(Reduce::all(How::Mean), &[x]).unwrap();
    let parts = [own, square, columns].map(|x| one(&mut p, x));
    let out = parts.iter().fold(loss, |sum, &x| p.apply(Arithmetic::Add, &[sum, x]).unwrap());
    let inputs = [data(0, [2, 5003]), data(1, [1, 71, 35, 2])];
    same_bits(&p, out, &inputs, &[None]);
    // Noise of low rank is a sum of its own behind a layer's, where the model alone has it in its weights.
    compare::<f64>(&p, out, &inputs, Some(1), |together, alone| assert!((together - alone).abs() < 1e-9 * alone.abs()));
}

#[test]
fn a_convolution_by_hand() {
    let x = Tensor::new([1, 2, 3, 1], vec![1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let w = Tensor::new([1, 2, 2, 1], vec![1.0_f64, 10.0, 100.0, 1000.0]).unwrap();
    let b = Tensor::new([1], vec![0.5_f64]).unwrap();
    let y = Op::from(Conv { bias: Some(1), ..CONV }).eager(&[&x], &[w.clone(), b]).unwrap();
    assert_eq!(y.to_f64(), [5421.5, 6532.5]);
    // (0, 0): x = 1 lies at the last place of the kernel; (0, 1): 3 and 0 below; (1, 0) and (1, 1): 4 and 6 above.
    let y = Op::from(Conv { padding: [1, 1], stride: [2, 3], ..CONV }).eager(&[&x], &[w]).unwrap();
    assert_eq!((y.to_f64(), y.shape()), (vec![1000.0, 100.0 * 3.0, 10.0 * 4.0, 6.0], &Shape::from([1, 2, 2, 1])));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |op: Op, x: &[usize], parameters: &[&[usize]], words: &str| {
        let parameters: Vec<Shape> = parameters.iter().map(|p| p.to_vec().into()).collect();
        let error = op.shape(&[&x.to_vec().into()], &parameters).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let (x, w): (&[usize], &[usize]) = (&[2, 5, 5, 3], &[4, 3, 3, 3]);
    refused(CONV.into(), &[5, 5, 3], &[w], "(batch, height, width, 3)");
    refused(CONV.into(), &[2, 5, 5, 4], &[w], "(batch, height, width, 3)");
    refused(CONV.into(), &[2, 2, 5, 3], &[w], "at least as large as the kernel");
    refused(CONV.into(), &[2, 0, 0, 3], &[w], "at least as large as the kernel");
    refused(CONV.into(), x, &[&[4, 3, 3]], "(out, kh, kw, channels)");
    refused(CONV.into(), x, &[&[4, 0, 3, 3]], "(out, kh, kw, channels)");
    refused(Conv { stride: [0, 1], ..CONV }.into(), x, &[w], "stride of at least 1");
    refused(Conv { padding: [usize::MAX, 0], ..CONV }.into(), x, &[w], "a padding that leaves at most");
    refused(Conv { padding: [1 << 20, 1 << 20], ..CONV }.into(), x, &[w], "a padding that leaves at most");
    refused(Conv { bias: Some(1), ..CONV }.into(), x, &[w, &[3]], "a bias of shape (4,)");
    refused(Conv { axes: 1, ..CONV }.into(), x, &[&[4, 3, 3]], "(batch, length, 3)");
    let pool = |size, stride| Windows { axes: 2, size, stride };
    refused(MaxPool(pool([2, 2], [0, 1])).into(), x, &[], "stride of at least 1");
    refused(MaxPool(pool([0, 2], [1, 1])).into(), x, &[], "window of at least 1");
    refused(AvgPool(pool([6, 1], [1, 1])).into(), x, &[], "at least as large as the window");
    refused(AvgPool(pool([usize::MAX, usize::MAX], [1, 1])).into(), x, &[], "at least as large as the window");
    refused(AvgPool(pool([1, 1], [1, 1])).into(), &[2, 5, 3], &[], "(batch, height, width, channels)");
}
