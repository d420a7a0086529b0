//! temp
use crate::buffer::Buffer;
use crate::Element;
use std::sync::Arc;
#[derive(Clone, Debug)]
pub struct Tensor<T> { shape: Vec<usize>, data: Arc<Vec<T>> }
impl<T: Element> Tensor<T> {
    pub fn from_vec(shape: &[usize], data: Vec<T>) -> Result<Self, crate::Error> { Ok(Tensor { shape: shape.to_vec(), data: Arc::new(data) }) }
    pub fn zeros(shape: &[usize]) -> Self { Tensor { shape: shape.to_vec(), data: Arc::new(vec![T::ZERO; shape.iter().product()]) } }
    pub fn shape(&self) -> &[usize] { &self.shape }
    pub fn data(&self) -> &[T] { &self.data }
    pub(crate) fn parts_mut(&mut self) -> (&[usize], &mut [T]) { (&self.shape, Arc::make_mut(&mut self.data).as_mut_slice()) }
    pub fn data_mut(&mut self) -> &mut [T] { Arc::make_mut(&mut self.data).as_mut_slice() }
}
