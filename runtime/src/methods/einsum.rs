//! `einsum`: sums of products by index names, contracted from left to right as batched matrix
//! products.

use super::both;

/// The index names of each operand and of the result.
struct Spec {
    operands: Vec<Vec<char>>,
    result: Vec<char>,
}

impl Spec {
    /// Reads `ij,jk->ik` for operands of these shapes, or says what is wrong with it.
    fn read(text: &str, shapes: &[Vec<usize>]) -> Result<Spec, String> {
        let fault = |why: &str| Err(format!("`{text}`: {why}"));
        let Some((left, right)) = text.split_once("->") else {
            return fault("there is no `->`");
        };
        let names = |part: &str| -> Vec<char> { part.chars().filter(|c| *c != ' ').collect() };
        let operands: Vec<Vec<char>> = left.split(',').map(names).collect();
        let result = names(right);
        if operands
            .iter()
            .flatten()
            .chain(&result)
            .any(|c| !c.is_alphabetic())
        {
            return fault("an index is a letter");
        }
        let ranks = operands.iter().map(Vec::len);
        if !ranks.eq(shapes.iter().map(Vec::len)) {
            return fault("operands and their axes do not match it");
        }
        let mut sizes: Vec<(char, usize)> = Vec::new();
        for (name, &size) in operands.iter().flatten().zip(shapes.iter().flatten()) {
            match sizes.iter().find(|(known, _)| known == name) {
                Some((_, known)) if *known != size => {
                    return fault(&format!("the index {name} has sizes {known} and {size}"));
                }
                Some(_) => {}
                None => sizes.push((*name, size)),
            }
        }
        for (at, name) in result.iter().enumerate() {
            if result[..at].contains(name) || !sizes.iter().any(|(known, _)| known == name) {
                return fault(&format!(
                    "the index {name} of the result is repeated or unknown"
                ));
            }
        }
        Ok(Spec { operands, result })
    }
}

both! {
    /// The sum over all indices that the result does not have of the product of the operands, by
    /// index names: `a.einsum("ij,jk->ik", &[&b])` is the matrix product, `"ii->"` the trace,
    /// `"bhqd,bhkd->bhqk"` the scores of attention.
    #[must_use]
    #[track_caller]
    pub fn einsum(&self, spec: &str, others: &[&Self]) -> Self {
        let mut tensors = vec![self.clone()];
        tensors.extend(others.iter().map(|&other| other.clone()));
        let shapes: Vec<Vec<usize>> = tensors.iter().map(|tensor| tensor.sizes()).collect();
        let Spec { operands, result } = match Spec::read(spec, &shapes) {
            Ok(spec) => spec,
            Err(why) => return self.refuse("einsum", why),
        };
        let mut parts: Vec<(Vec<char>, Self)> = operands
            .into_iter()
            .zip(tensors)
            .map(|(names, tensor)| tensor.without_repeats(names))
            .collect();
        let (mut names, mut product) = parts.remove(0);
        while !parts.is_empty() {
            let (others, other) = parts.remove(0);
            let later: Vec<char> = parts.iter().flat_map(|(names, _)| names.clone()).collect();
            let needed = |name: &char| result.contains(name) || later.contains(name);
            let only = |own: &[char], theirs: &[char]| -> Vec<char> {
                own.iter().copied().filter(|name| theirs.contains(name) || needed(name)).collect()
            };
            let (mine, theirs) = (only(&names, &others), only(&others, &names));
            product = product.kept_indices(&names, &mine);
            let other = other.kept_indices(&others, &theirs);
            (names, product) = product.contracted(&mine, &other, &theirs, &needed);
        }
        let kept: Vec<char> = names.iter().copied().filter(|name| result.contains(name)).collect();
        product.kept_indices(&names, &kept).by_names(&kept, &result)
    }

    /// The diagonal over each index that stands twice.
    #[track_caller]
    fn without_repeats(self, mut names: Vec<char>) -> (Vec<char>, Self) {
        let mut tensor = self;
        while let Some(second) = (0..names.len()).find(|&k| names[..k].contains(&names[k])) {
            let name = names[second];
            let first = names.iter().position(|&known| known == name).unwrap_or(0);
            let mut order: Vec<isize> = (0..names.len() as isize).collect();
            order.retain(|&axis| axis != first as isize && axis != second as isize);
            order.extend([first as isize, second as isize]);
            tensor = tensor.permute(&order).diagonal(0);
            names.retain(|&known| known != name);
            names.push(name);
        }
        (names, tensor)
    }

    /// Summed over the indices that are not kept.
    #[track_caller]
    fn kept_indices(&self, names: &[char], kept: &[char]) -> Self {
        let gone: Vec<isize> = (0..)
            .zip(names)
            .filter_map(|(axis, name)| (!kept.contains(name)).then_some(axis))
            .collect();
        if gone.is_empty() { self.clone() } else { self.sum_axis(&gone) }
    }

    /// The axes in the order of `wanted`.
    #[track_caller]
    fn by_names(&self, names: &[char], wanted: &[char]) -> Self {
        let place = |name| names.iter().position(|known| known == name).unwrap_or(0) as isize;
        let order: Vec<isize> = wanted.iter().map(place).collect();
        self.permute(&order)
    }

    /// The product of two operands, summed over the indices that both have and nobody needs.
    #[track_caller]
    fn contracted(
        &self,
        mine: &[char],
        other: &Self,
        theirs: &[char],
        needed: &dyn Fn(&char) -> bool,
    ) -> (Vec<char>, Self) {
        let pick = |from: &[char], keep: &dyn Fn(&char) -> bool| -> Vec<char> {
            from.iter().copied().filter(|name| keep(name)).collect()
        };
        let batch = pick(mine, &|name| theirs.contains(name) && needed(name));
        let inner = pick(mine, &|name| theirs.contains(name) && !needed(name));
        let left = pick(mine, &|name| !theirs.contains(name));
        let right = pick(theirs, &|name| !mine.contains(name));
        let (shape, width) = (self.sizes(), other.sizes());
        let size_of = |name: &char| match mine.iter().position(|known| known == name) {
            Some(axis) => shape[axis],
            None => theirs.iter().position(|known| known == name).map_or(1, |axis| width[axis]),
        };
        let total = |names: &[char]| names.iter().map(size_of).product::<usize>();
        let [b, l, i, r] = [&batch, &left, &inner, &right].map(|names| total(names));
        let rows = self
            .by_names(mine, &[&batch[..], &left, &inner].concat())
            .shaped(&[b, l, i]);
        let columns = other
            .by_names(theirs, &[&batch[..], &inner, &right].concat())
            .shaped(&[b, i, r]);
        let names = [batch, left, right].concat();
        let sizes: Vec<usize> = names.iter().map(size_of).collect();
        (names, rows.matmul(&columns).shaped(&sizes))
    }
}
