//! Operations computed at once for concrete tensors: large ones by several threads, in memory of dropped tensors.
//!
//! An operation tells how its work falls into rows that are independent of each other. Pieces of rows are cut by the
//! shape alone, and each is computed as if it were all there is; so the bits are the same for any number of threads.

use std::cell::RefCell;

use smallvec::SmallVec;

use crate::cuda::DeviceTensor;
use crate::loops::{Call, Draw, Noise, Operand, Parameter, Split};
use crate::ops::{Element, Op};
use crate::tensor::afford::afford;
use crate::tensor::{Buffer, DType, Shape, Tensor};
use crate::{Error, Result, threads};

/// The cost (as `Op::cost` counts it) from which threads pay: about a tenth of a millisecond of one.
const WORTH: usize = 4_000_000;
/// The cost below which a call is short.
const SHORT: usize = 200_000;
/// The cost of one piece, about.
const PIECE: usize = 1_000_000;
/// The most pieces: enough for many threads to finish together.
const PIECES: usize = 256;

impl Op {
    /// Computes the result at once for concrete tensors and parameters, all of one dtype.
    ///
    /// # Errors
    /// `Error::Shape` or `Error::DType` when the inputs do not fit.
    ///
    /// ```
    /// use syntonic_core::ops::{Op, Relu};
    /// use syntonic_core::tensor::Tensor;
    /// let x = Tensor::new([3], vec![-1.0_f32, 0.0, 2.0])?;
    /// assert_eq!(Op::from(Relu).eager(&[&x], &[])?.to_f64(), [0.0, 0.0, 2.0]);
    /// # Ok::<(), syntonic_core::Error>(())
    /// ```
    pub fn eager(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<Tensor> {
        let output = self.eager_shape(inputs, parameters)?;
        self.eager_of(inputs, parameters, output)
    }

    /// Returns the shape of what [`Self::eager`] computes; it fails where that would.
    ///
    /// # Errors
    /// As [`Self::eager`].
    pub fn eager_shape(&self, inputs: &[&Tensor], parameters: &[Tensor]) -> Result<Shape> {
        let dtype = inputs.first().copied().or(parameters.first()).map_or(DType::F32, Tensor::dtype);
        if let Some(other) = inputs.iter().find(|x| x.dtype() != dtype) {
            return Err(Error::DType {
                op: self.name(),
                expected: format!("all inputs of one dtype, here {}", dtype.name()),
                got: format!("{}; convert with astype", other.dtype().name()),
            });
        }
        let shapes: SmallVec<[&Shape; 3]> = inputs.iter().map(|x| x.shape()).collect();
        let parameter_shapes: SmallVec<[Shape; 2]> = parameters.iter().map(|p| p.shape().clone()).collect();
        let output = self.shape(&shapes, &parameter_shapes)?;
        output.check(self.name())?;
        self.check(inputs, parameters)?;
        Ok(output)
    }

    /// Computes what [`Self::eager`] does, for the shape that [`Self::eager_shape`] returned for the same values.
    ///
    /// # Errors
    /// As [`Self::eager`].
    pub fn eager_of(&self, inputs: &[&Tensor], parameters: &[Tensor], output: Shape) -> Result<Tensor> {
        // The same memory.
        if let (Self::Reshape(_), [x]) = (self, inputs) {
            return x.reshape(output);
        }
        match inputs.first().copied().or(parameters.first()).map_or(DType::F32, Tensor::dtype) {
            DType::F32 => self.eager_as::<f32>(inputs, parameters, output),
            DType::F64 => self.eager_as::<f64>(inputs, parameters, output),
        }
    }

    /// Returns whether a call is so short that other threads need not be let in: below about ten microseconds.
    pub fn is_short(&self, inputs: &[&Tensor], output: &Shape) -> bool {
        let shapes: SmallVec<[&Shape; 3]> = inputs.iter().map(|x| x.shape()).collect();
        let read: usize = shapes.iter().map(|shape| shape.numel()).sum();
        matches!(self, Self::Reshape(_)) || (read < SHORT / 20 && self.cost(&shapes, output) < SHORT)
    }

    /// Computes the result on the device of the inputs and parameters, all of one format on one device.
    ///
    /// # Errors
    /// `Error::Shape`, `Error::DType` or `Error::Value` when the inputs do not fit; what the device reports.
    pub fn eager_on_device(&self, inputs: &[&DeviceTensor], parameters: &[DeviceTensor]) -> Result<DeviceTensor> {
        let Some(first) = inputs.first().copied().or(parameters.first()) else {
            let expected = "a tensor".into();
            return Err(Error::Value { op: self.name(), expected, got: "none".into() });
        };
        first.format().real(self.name())?;
        for other in inputs.iter().copied().chain(parameters) {
            first.beside(self.name(), other)?;
        }
        let shapes: Vec<&Shape> = inputs.iter().map(|x| x.shape()).collect();
        let parameter_shapes: Vec<Shape> = parameters.iter().map(|p| p.shape().clone()).collect();
        let output = self.shape(&shapes, &parameter_shapes)?;
        output.check(self.name())?;
        self.device(inputs, parameters, &output)
    }

    fn eager_as<T: Element>(&self, inputs: &[&Tensor], parameters: &[Tensor], output: Shape) -> Result<Tensor> {
        let shapes: SmallVec<[&Shape; 3]> = inputs.iter().map(|x| x.shape()).collect();
        let parameters: SmallVec<[Tensor; 2]> = parameters.iter().map(|p| p.cast(T::DTYPE)).collect();
        let views: SmallVec<[Parameter<'_, T, 1>; 2]> = (parameters.iter())
            .map(|p| Parameter { shape: p.shape(), centre: T::slice(p), noise: Noise::None })
            .collect();
        let values: SmallVec<[&[T]; 3]> = inputs.iter().map(|x| T::slice(x)).collect();
        let parameter_shapes: SmallVec<[&Shape; 2]> = parameters.iter().map(Tensor::shape).collect();
        afford::<T>(self.name(), self.memory(&shapes, &parameter_shapes, &output))?;
        let mut out = Buffer::stale(output.numel());
        let job = Job { op: self, values: &values, shapes: &shapes, parameters: &views };
        job.run(self.cost(&shapes, &output), out.values_mut());
        Tensor::new(output, T::storage(out))
    }
}

/// One operation on concrete values.
struct Job<'a, T> {
    op: &'a Op,
    values: &'a [&'a [T]],
    shapes: &'a [&'a Shape],
    parameters: &'a [Parameter<'a, T, 1>],
}

impl<T: Element> Job<'_, T> {
    fn run(&self, cost: usize, out: &mut [T]) {
        if cost >= WORTH {
            if self.call(self.values, self.shapes, true, out) {
                return;
            }
            let split = self.op.split(self.shapes);
            let rows: usize = self.shapes[0].dims()[..split.axes].iter().product();
            if split.axes > 0 && rows > 1 {
                let piece = rows.div_ceil((cost / PIECE).min(PIECES));
                let width = out.len() / rows;
                let pieces = out.chunks_mut(piece * width.max(1)).enumerate();
                return threads::each(pieces, |(i, out)| {
                    self.piece(split, (rows, i * piece, out.len() / width.max(1)), out)
                });
            }
        }
        self.call(self.values, self.shapes, false, out);
    }

    /// Computes `count` of the `rows`, from `first` on, which fill `out`.
    fn piece(&self, split: Split, (rows, first, count): (usize, usize, usize), out: &mut [T]) {
        let mut values: SmallVec<[&[T]; 3]> = SmallVec::from_slice(self.values);
        let cut: SmallVec<[Shape; 3]> = (self.shapes.iter().take(split.inputs))
            .map(|shape| {
                let mut dims = vec![count];
                dims.extend_from_slice(&shape.dims()[split.axes..]);
                dims.into()
            })
            .collect();
        for value in values.iter_mut().take(split.inputs) {
            let width = value.len() / rows;
            *value = &value[first * width..][..count * width];
        }
        let shapes: SmallVec<[&Shape; 3]> = cut.iter().chain(self.shapes.iter().skip(split.inputs).copied()).collect();
        self.call(&values, &shapes, false, out);
    }

    /// Computes everything, with the operation's own threads or with none; returns whether that was done.
    fn call(&self, values: &[&[T]], shapes: &[&Shape], threads: bool, out: &mut [T]) -> bool {
        let inputs: SmallVec<[Operand<'_, T, 1>; 3]> = values.iter().map(|x| Operand::Shared(x)).collect();
        let (draw, scratch) = (Draw::default(), RefCell::default());
        let call = Call { inputs: &inputs, shapes, parameters: self.parameters, base: &[], draw, scratch: &scratch };
        if threads {
            return self.op.threaded(&call, out);
        }
        self.op.run(&call, out.as_chunks_mut().0);
        true
    }
}
