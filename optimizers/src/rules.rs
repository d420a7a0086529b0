//! The update rules, one per file, each with its formula and source.

#![allow(
    clippy::new_ret_no_self,
    reason = "a rule is configured through its builder"
)]

/// Builder methods that set one hyperparameter each.
macro_rules! setters {
    ($rule:ty { $($(#[$doc:meta])* $name:ident: $value:ty;)* }) => {
        impl OptimizerBuilder<$rule> {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, $name: $value) -> Self {
                    self.rule.$name = $name;
                    self
                }
            )*
        }
    };
}

mod acprop;
mod adabelief;
mod adabound;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adan;
mod ademamix;
mod adopt;
mod amsgrad;
mod asgd;
mod averaging;
mod dadapt_adam;
mod dog;
mod dowg;
mod factored;
mod fromage;
mod ftrl;
mod lamb;
mod lars;
mod lion;
mod madgrad;
mod momentum;
mod momo;
mod momo_adam;
mod muon;
mod nadam;
mod novograd;
mod optimistic;
mod polyak;
mod prodigy;
mod qhadam;
mod radam;
mod rmsprop;
mod rmsprop_momentum;
mod rprop;
mod schedule_free_adamw;
mod schedule_free_sgd;
mod sgd;
mod shampoo;
mod sign_sgd;
mod sm3;
mod soap;
mod sophia;
mod yogi;

pub use acprop::AcProp;
pub use adabelief::AdaBelief;
pub use adabound::AdaBound;
pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use adan::Adan;
pub use ademamix::AdEmaMix;
pub use adopt::Adopt;
pub use amsgrad::AmsGrad;
pub use asgd::Asgd;
pub use dadapt_adam::DAdaptAdam;
pub use dog::Dog;
pub use dowg::Dowg;
pub use fromage::Fromage;
pub use ftrl::Ftrl;
pub use lamb::Lamb;
pub use lars::Lars;
pub use lion::Lion;
pub use madgrad::MadGrad;
pub use momentum::Momentum;
pub use momo::Momo;
pub use momo_adam::MomoAdam;
pub use muon::Muon;
pub use nadam::NAdam;
pub use novograd::NovoGrad;
pub use optimistic::Optimistic;
pub use polyak::Polyak;
pub use prodigy::Prodigy;
pub use qhadam::QhAdam;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rmsprop_momentum::RmsPropMomentum;
pub use rprop::Rprop;
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use schedule_free_sgd::ScheduleFreeSgd;
pub use sgd::Sgd;
pub use shampoo::Shampoo;
pub use sign_sgd::SignSgd;
pub use sm3::Sm3;
pub use soap::Soap;
pub use sophia::Sophia;
pub use yogi::Yogi;
