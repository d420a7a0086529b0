//! A static graph as text and as DOT, before any tensor exists.

use std::fmt::{self, Write as _};

use super::region::{Axes, Node, Operand, Region, ShapeRule, ValueIndex};

/// The static graph of a function: its regions, in the order of the source. What joins them is the
/// function's own control flow, which runs at bind.
#[derive(Debug)]
pub struct Graph {
    /// The function.
    pub name: &'static str,
    /// Its regions.
    pub regions: &'static [Region],
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "graph {}", self.name)?;
        for region in self.regions {
            let outputs: Vec<String> = region
                .outputs
                .iter()
                .map(|value| name(region, *value))
                .collect();
            let inputs = region.values.iter().take(region.inputs).enumerate();
            let inputs: Vec<String> = inputs
                .map(|(k, value)| match value.place.what {
                    "input" => format!("%{k}"),
                    written => format!("%{k} = {written}"),
                })
                .collect();
            writeln!(
                f,
                "region {} {} inputs {} -> {}",
                region.name,
                region.dtype,
                inputs.join(", "),
                outputs.join(" ")
            )?;
            writeln!(f, "  forward")?;
            for node in region.forward {
                writeln!(f, "    {}", text(region, node))?;
            }
            writeln!(f, "  backward")?;
            for node in region.backward {
                writeln!(f, "    {}", text(region, node))?;
            }
            for &(input, value) in region.cotangents {
                writeln!(f, "    cotangent of %{input} = {}", name(region, value))?;
            }
        }
        Ok(())
    }
}

impl Graph {
    /// The fused kernels as CUDA device functions, in the order of their first use; equal ones once.
    #[must_use]
    pub fn cuda(&self) -> String {
        let mut printed: Vec<&str> = Vec::new();
        let nodes = self
            .regions
            .iter()
            .flat_map(|region| region.forward.iter().chain(region.backward));
        for node in nodes {
            if let Node::Fused { kernel, .. } = node
                && !printed.contains(&kernel.cuda)
            {
                printed.push(kernel.cuda);
            }
        }
        let mut text = String::new();
        for (index, kernel) in printed.iter().enumerate() {
            let named = kernel.replacen(" kernel(", &format!(" {}_{index}(", self.name), 1);
            let lines = named.replace("{ ", "{\n    ").replace("; }", ";\n}");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", lines.replace("; ", ";\n    "));
        }
        text
    }

    /// The graph in the DOT language: forward nodes are boxes, backward nodes ellipses.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut dot = format!("digraph \"{}\" {{\n", self.name);
        for (index, region) in self.regions.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                dot,
                "  subgraph cluster_{index} {{\n    label=\"{}\";",
                region.name
            );
            let passes = [(region.forward, "box"), (region.backward, "ellipse")];
            for (pass, (nodes, shape)) in passes.into_iter().enumerate() {
                for (number, node) in nodes.iter().enumerate() {
                    let id = format!("r{index}_{pass}_{number}");
                    let label = text(region, node).replace('"', "'");
                    let _ = writeln!(dot, "    {id} [shape={shape}, label=\"{label}\"];");
                    for value in node.inputs() {
                        let _ = writeln!(dot, "    r{index}_v{value} -> {id};");
                    }
                    for value in node.outputs() {
                        let _ = writeln!(dot, "    {id} -> r{index}_v{value};");
                    }
                }
            }
            for value in 0..region.values.len() {
                let value = ValueIndex::try_from(value).unwrap_or(ValueIndex::MAX);
                let _ = writeln!(
                    dot,
                    "    r{index}_v{value} [shape=plain, label=\"{}\"];",
                    match region.values[usize::from(value)].place.what {
                        written if usize::from(value) < region.inputs && written != "input" => {
                            format!("{} = {}", name(region, value), written.replace('"', "'"))
                        }
                        _ => name(region, value),
                    }
                );
            }
            dot.push_str("  }\n");
        }
        dot.push_str("}\n");
        dot
    }
}

/// `%3`, or `%3:seed` for a value that is given.
fn name(region: &Region, value: ValueIndex) -> String {
    match region.seeds.iter().position(|&seed| seed == value) {
        Some(output) => format!("seed{output}"),
        None => format!("%{value}"),
    }
}

fn list(region: &Region, values: &[ValueIndex]) -> String {
    values
        .iter()
        .map(|&value| name(region, value))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One node with its operands, its result and the rule of the result's shape.
fn text(region: &Region, node: &Node) -> String {
    let shape = |value: ValueIndex| rule(region, &region.values[usize::from(value)].shape);
    match node {
        Node::Fused {
            kernel,
            domain,
            inputs,
            outputs,
            ..
        } => {
            let operands: Vec<String> = inputs
                .iter()
                .map(|operand| match *operand {
                    Operand::Value(value) => name(region, value),
                    Operand::Ratio { of, by } => {
                        format!("count({})/count({})", name(region, of), name(region, by))
                    }
                })
                .collect();
            let results: Vec<String> = outputs
                .iter()
                .map(|&value| format!("{} {}", name(region, value), shape(value)))
                .collect();
            format!(
                "{} = fused({}) over {} {{ {} }}",
                results.join(", "),
                operands.join(", "),
                name(region, *domain),
                kernel.rust,
            )
        }
        Node::MatMul {
            a,
            b,
            transpose_a,
            transpose_b,
            output,
        } => {
            let mark = |transposed: bool| if transposed { "^T" } else { "" };
            format!(
                "{} {} = matmul({}{}, {}{})",
                name(region, *output),
                shape(*output),
                name(region, *a),
                mark(*transpose_a),
                name(region, *b),
                mark(*transpose_b),
            )
        }
        Node::Transpose { input, output } => {
            format!(
                "{} {} = transpose({})",
                name(region, *output),
                shape(*output),
                name(region, *input)
            )
        }
        Node::Reshape { input, output } => {
            format!(
                "{} {} = reshape({})",
                name(region, *output),
                shape(*output),
                name(region, *input)
            )
        }
        Node::Primitive { op, inputs, output } => {
            format!(
                "{} {} = {op:?}({})",
                name(region, *output),
                shape(*output),
                list(region, inputs)
            )
        }
        Node::Rows { op, inputs, output } => {
            format!(
                "{} {} = {op:?}({})",
                name(region, *output),
                shape(*output),
                list(region, inputs)
            )
        }
    }
}

fn rule(region: &Region, rule: &ShapeRule) -> String {
    match rule {
        ShapeRule::Input => "[input]".to_owned(),
        ShapeRule::Scalar => "[]".to_owned(),
        ShapeRule::Like(value) => format!("[like {}]", name(region, *value)),
        ShapeRule::Broadcast(of) => format!("[broadcast {}]", list(region, of)),
        ShapeRule::MatMul { .. } => "[rows, columns]".to_owned(),
        ShapeRule::Reduce {
            of,
            axes: Axes::All,
            ..
        } => format!("[{} reduced]", name(region, *of)),
        ShapeRule::Reduce {
            of,
            axes: Axes::These(axes),
            keep,
        } => {
            let kept = if *keep { ", kept" } else { "" };
            format!("[{} without axes {axes:?}{kept}]", name(region, *of))
        }
        ShapeRule::Reduce {
            of,
            axes: Axes::Given,
            ..
        } => format!("[{} without given axes]", name(region, *of)),
        ShapeRule::ReshapeGiven(_) => "[given]".to_owned(),
        ShapeRule::Primitive { op, inputs } => format!("[{op:?} of {}]", list(region, inputs)),
        ShapeRule::Transpose(of) => format!("[{} transposed]", name(region, *of)),
        ShapeRule::Reshape(_, sizes) => format!("{sizes:?}"),
        ShapeRule::Rows { logits, .. } => format!("[rows of {}]", name(region, *logits)),
    }
}
