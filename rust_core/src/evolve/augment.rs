//! What training alone does to a batch's inputs: shifts of images and signals, and Gaussian noise.
//!
//! Both are functions of seed, generation, example and element, so that a resumed run sees what an uninterrupted one does.

use super::{Config, Objective};
use crate::ops::{Element, Op};
use crate::tensor::philox::{Key, Stream, fill_normals, philox};
use crate::tensor::{Buffer, DType, Shape, Tensor};
use crate::{Error, Result};

/// The parameters in the counters of noise and of shifts.
const NOISE: u32 = 0;
const SHIFT: u32 = 1;

/// Checks that the model's inputs can be changed as `config` says.
///
/// # Errors
/// `Error::Value` for tokens, and for a shift of what has no axes of space.
pub(super) fn check(config: &Config, objective: &Objective) -> Result<()> {
    if config.input_noise == 0.0 && config.shift == 0 {
        return Ok(());
    }
    let program = &objective.program;
    let named = if config.shift > 0 { "shift" } else { "input_noise" };
    let fault = |expected: &str, got: String| {
        let expected = format!("{expected} with {named} > 0; set trainer.{named}=0");
        Err(Error::Value { op: "trainer", expected, got })
    };
    let Some(&first) = program.inputs().first() else { return fault("a model with inputs", "none".into()) };
    if program.nodes().iter().any(|node| matches!(node.op, Some(Op::Embedding(_))) && node.inputs[0] == first) {
        return fault("inputs that are numbers", "tokens".into());
    }
    let shape = &program.nodes()[first].shape;
    if config.shift > 0 && !matches!(shape.rank(), 3 | 4) {
        return fault(
            "signals (batch, length, channels) or images (batch, height, width, channels)",
            shape.to_string(),
        );
    }
    Ok(())
}

/// Returns a generation's inputs, of which the first is what the model reads, as it is to see them; none if unchanged.
pub(super) fn augmented(config: &Config, generation: u32, inputs: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
    let Some((first, rest)) = inputs.split_first().filter(|_| config.input_noise > 0.0 || config.shift > 0) else {
        return Ok(None);
    };
    let first = match first.dtype() {
        DType::F32 => changed::<f32>(config, generation, first)?,
        DType::F64 => changed::<f64>(config, generation, first)?,
    };
    Ok(Some([&[first], rest].concat()))
}

fn changed<T: Element>(config: &Config, generation: u32, x: &Tensor) -> Result<Tensor> {
    let shape = x.shape();
    let mut out = Buffer::<T>::stale(shape.numel());
    let values = out.values_mut();
    let key = Key::new(config.seed, Stream::Augment);
    if config.shift > 0 && shape.rank() >= 3 {
        shifted(shape, T::slice(x), config.shift, |example| philox([example, SHIFT, 0, generation], key), values);
    } else {
        values.copy_from_slice(T::slice(x));
    }
    if config.input_noise > 0.0 {
        let mut noise = vec![0.0; values.len()];
        fill_normals(key, NOISE, 0, generation, &mut noise);
        let sigma = T::from_f64(config.input_noise);
        values.iter_mut().zip(noise).for_each(|(x, z)| *x = *x + sigma * T::from_f32(z));
    }
    Tensor::new(shape.clone(), T::storage(out))
}

/// Moves each example along its axes of space, all but the first and the last, by up to `most` places; zeros move in.
fn shifted<T: Element>(shape: &Shape, x: &[T], most: usize, draw: impl Fn(u32) -> [u32; 4], out: &mut [T]) {
    let dims = shape.dims();
    let (height, width) = if dims.len() == 4 { (dims[1], dims[2]) } else { (1, dims[1]) };
    let channels = shape.last();
    let size = (height * width * channels).max(1);
    let by = |word: u32| ((u64::from(word) * (2 * most as u64 + 1)) >> 32) as isize - most as isize;
    for (example, (x, out)) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)).enumerate() {
        let words = draw(example as u32);
        let (down, right) = (if dims.len() == 4 { by(words[1]) } else { 0 }, by(words[0]));
        for (place, out) in out.chunks_exact_mut(channels.max(1)).enumerate() {
            let row = (place / width).checked_add_signed(-down).filter(|row| *row < height);
            let column = (place % width).checked_add_signed(-right).filter(|column| *column < width);
            match row.zip(column) {
                Some((row, column)) => out.copy_from_slice(&x[(row * width + column) * channels..][..channels]),
                None => out.fill(T::ZERO),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_move_each_example_by_its_own_offset() {
        let shape = Shape::from([2, 2, 3, 1]);
        let x: Vec<f64> = (1..=12).map(f64::from).collect();
        // The largest word is the largest shift, 0 the smallest.
        let draw = |example: u32| if example == 0 { [u32::MAX, u32::MAX, 0, 0] } else { [0, 1 << 31, 0, 0] };
        let mut out = vec![f64::NAN; 12];
        shifted(&shape, &x, 1, draw, &mut out);
        assert_eq!(out[..6], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(out[6..], [8.0, 9.0, 0.0, 11.0, 12.0, 0.0]);
    }

    #[test]
    fn noise_and_shifts_are_functions_of_the_generation() {
        let config = Config { input_noise: 0.5, shift: 2, ..Config::default() };
        let x = Tensor::new([64, 9, 2], vec![1.0_f32; 64 * 18]).unwrap();
        let seen = |generation| augmented(&config, generation, std::slice::from_ref(&x)).unwrap().unwrap()[0].to_f64();
        assert_eq!(seen(3), seen(3));
        assert_ne!(seen(3), seen(4));
        assert!(augmented(&Config::default(), 3, std::slice::from_ref(&x)).unwrap().is_none());
        let quiet = Config { input_noise: 0.0, ..config.clone() };
        let shifted = augmented(&quiet, 3, std::slice::from_ref(&x)).unwrap().unwrap()[0].to_f64();
        let noise: Vec<f64> = seen(3).iter().zip(&shifted).map(|(a, b)| a - b).collect();
        let square = noise.iter().map(|z| z * z).sum::<f64>() / noise.len() as f64;
        assert!((square - 0.25).abs() < 0.03, "{square}");
        // Every shift of -2 to 2 comes up: so many zeros have moved in.
        let mut zeros: Vec<usize> = shifted.chunks(18).map(|x| x.iter().filter(|x| **x == 0.0).count()).collect();
        zeros.sort_unstable();
        zeros.dedup();
        assert_eq!(zeros, [0, 2, 4]);
    }
}
