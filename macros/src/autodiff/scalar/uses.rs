//! Which variables a piece of code reads, writes and mentions: what decides how a loop may be
//! reversed. Exhaustive over the IR, so that a new kind of statement is a compile error here.

use std::collections::HashSet;

use crate::ir::scalar::{
    Arg, Assign, Function, Head, LoopId, Place, Rhs, SlotId, Stmt, StmtKind, Value,
};

/// The variables that a piece of code touches.
#[derive(Default, Debug)]
pub(crate) struct Uses {
    /// Read in any way: as operands, in indices, conditions, ranges, arguments.
    pub(crate) reads: HashSet<SlotId>,
    /// Written in any way, as a whole or in part; loop variables too.
    pub(crate) writes: HashSet<SlotId>,
}

impl Uses {
    /// Of a block.
    pub(crate) fn of(block: &[Stmt]) -> Uses {
        let mut uses = Uses::default();
        uses.block(block, None);
        uses
    }

    /// Of a function outside of one of its loops. What the caller passes in counts as written
    /// there, and what it gets back as read.
    pub(crate) fn outside(function: &Function, hole: LoopId) -> Uses {
        let mut uses = Uses::default();
        uses.writes.extend(&function.params);
        uses.reads.insert(function.result);
        uses.block(&function.body, Some(hole));
        uses
    }

    /// Read or written.
    pub(crate) fn mentions(&self, slot: SlotId) -> bool {
        self.reads.contains(&slot) || self.writes.contains(&slot)
    }

    /// Whether something is written that belongs to the caller.
    pub(crate) fn by_reference(&self, function: &Function) -> bool {
        self.writes
            .iter()
            .any(|&slot| function.slot(slot).reference)
    }

    fn block(&mut self, block: &[Stmt], hole: Option<LoopId>) {
        block.iter().for_each(|stmt| self.stmt(stmt, hole));
    }

    fn stmt(&mut self, stmt: &Stmt, hole: Option<LoopId>) {
        match &stmt.kind {
            StmtKind::Loop(of) if Some(of.id) == hole => {}
            StmtKind::Assign(assign) => {
                self.writes.extend(stmt.flow().targets);
                reads(assign, &mut |slot| {
                    self.reads.insert(slot);
                });
            }
            StmtKind::Push { target, value } => {
                self.writes.insert(target.root);
                of_place(target, &mut |slot| {
                    self.reads.insert(slot);
                });
                of_value(value, &mut |slot| {
                    self.reads.insert(slot);
                });
            }
            StmtKind::Pop { into, from } => {
                self.writes.extend([*into, from.root]);
                of_place(from, &mut |slot| {
                    self.reads.insert(slot);
                });
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.reads.extend(&condition.reads);
                self.block(then, hole);
                self.block(otherwise, hole);
            }
            StmtKind::Loop(of) => {
                match &of.head {
                    Head::For { variable, range } => {
                        self.writes.extend(variable);
                        self.reads.extend(&range.reads);
                    }
                    Head::While(condition) => self.reads.extend(&condition.reads),
                    Head::Forever => {}
                }
                self.block(&of.body, hole);
            }
            StmtKind::Jump(_) => {}
        }
    }
}

/// Calls `read` for every variable that executing an assignment reads, the indices of its target
/// included, and the target itself where the operator or a partial write keeps part of it.
pub(crate) fn reads(assign: &Assign, read: &mut dyn FnMut(SlotId)) {
    assign.target.reads.iter().for_each(|&slot| read(slot));
    if assign.operator.is_some() {
        read(assign.target.root);
    }
    for value in assign.value.values() {
        of_value(value, read);
    }
    match &assign.value {
        Rhs::Constant(code) | Rhs::Repeat(_, _, code) => {
            code.reads.iter().for_each(|&slot| read(slot));
        }
        Rhs::Call(call) => {
            for arg in &call.args {
                if let Arg::Shared { place, .. } | Arg::Exclusive { place, .. } = arg {
                    of_place(place, read);
                }
            }
        }
        Rhs::Bound(bound) => of_place(&bound.place, read),
        Rhs::Copied(place, _) => of_place(place, read),
        Rhs::Value(_) | Rhs::Aggregate(..) | Rhs::Cast(..) => {}
    }
}

fn of_place(place: &Place, read: &mut dyn FnMut(SlotId)) {
    read(place.root);
    place.reads.iter().for_each(|&slot| read(slot));
}

fn of_value(value: &Value, read: &mut dyn FnMut(SlotId)) {
    for leaf in &value.leaves {
        leaf.reads.iter().for_each(|&slot| read(slot));
    }
}
