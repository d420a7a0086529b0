//! Checks a scalar function after every pass. A failure is a bug of this crate, never of the user;
//! it is reported as an error of the expansion, so that it cannot become a wrong gradient.

use crate::ir::body::Node;
use crate::ir::scalar::{Block, Function, Jump, LoopId, Rhs, StmtKind, for_each_simple};

/// The first broken invariant, in words.
pub(crate) fn verify(function: &Function) -> Result<(), String> {
    let mut names = std::collections::HashSet::new();
    for slot in &function.slots {
        if !names.insert(slot.name.to_string()) {
            return Err(format!("two slots are named `{}`", slot.name));
        }
        if slot.discrete && slot.active {
            return Err(format!("the discrete slot `{}` is active", slot.name));
        }
    }
    let known = |slot: crate::ir::scalar::SlotId| (slot.0 as usize) < function.slots.len();
    let mut broken = None;
    for_each_simple(&function.body, &mut |stmt| {
        let mut report = |message: String| broken = broken.take().or(Some(message));
        let flow = stmt.flow();
        if !flow
            .targets
            .iter()
            .chain(&flow.sources)
            .all(|&slot| known(slot))
        {
            report("a statement about no slot".to_string());
        }
        let values = match &stmt.kind {
            StmtKind::Assign(assign) => {
                if let Rhs::Constant(code) = &assign.value
                    && !code.reads.iter().all(|&slot| known(slot))
                {
                    report("constant code that reads no slot".to_string());
                }
                assign.value.values()
            }
            StmtKind::Push { value, .. } => vec![&**value],
            StmtKind::Pop { .. } | StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => {
                Vec::new()
            }
        };
        for value in values {
            for (id, node) in value.body.nodes() {
                match node {
                    // The input after the leaves is the incoming cotangent.
                    Node::Input(number, _) if *number > value.leaves.len() => {
                        report(format!("{id} reads leaf {number}, which does not exist"));
                    }
                    Node::Op(op, operands) => {
                        if operands.len() != op.arity() {
                            report(format!("{id} has the wrong number of operands"));
                        }
                        if operands.iter().any(|operand| *operand >= id) {
                            report(format!("{id} is used before it is defined"));
                        }
                    }
                    _ => {}
                }
            }
            if value
                .flows
                .iter()
                .any(|&(leaf, _)| leaf >= value.leaves.len())
            {
                report("a cotangent flows to no leaf".to_string());
            }
        }
    });
    if let Some(message) = broken {
        return Err(message);
    }
    jumps(&function.body, &mut Vec::new())
}

/// Every jump must be inside its loop.
fn jumps(block: &Block, inside: &mut Vec<LoopId>) -> Result<(), String> {
    for stmt in block {
        match &stmt.kind {
            StmtKind::If {
                then, otherwise, ..
            } => {
                jumps(then, inside)?;
                jumps(otherwise, inside)?;
            }
            StmtKind::Loop(of) => {
                inside.push(of.id);
                jumps(&of.body, inside)?;
                inside.pop();
            }
            StmtKind::Jump(Jump::Break(target) | Jump::Continue(target))
                if !inside.contains(target) =>
            {
                return Err(format!("a jump to loop {} from outside of it", target.0));
            }
            StmtKind::Jump(_)
            | StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. } => {}
        }
    }
    Ok(())
}
