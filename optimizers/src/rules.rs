//! The update rules, one per file, each with its formula and source.

#![allow(
    clippy::new_ret_no_self,
    reason = "a rule is configured through its builder"
)]

use crate::TensorRule;

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

/// The builder method that sets the decays of both moments.
macro_rules! betas {
    ($rule:ty) => {
        impl OptimizerBuilder<$rule> {
            /// The decays of the two running averages, each in [0, 1).
            #[must_use]
            pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
                (self.rule.beta1, self.rule.beta2) = (beta1, beta2);
                self
            }
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

/// Gives the rules out, and tells their names.
macro_rules! catalogue {
    ($($module:ident::$rule:ident;)*) => {
        $(pub use $module::$rule;)*

        /// The names of all update rules, as in saved state: so that a list of rules, in a test or
        /// in a menu, can be checked for being complete.
        ///
        /// ```
        /// assert!(cotangent_optimizers::RULES.contains(&"adam"));
        /// ```
        pub const RULES: &[&str] = &[$(<$rule as TensorRule>::NAME),*];
    };
}

catalogue! {
    acprop::AcProp;
    adabelief::AdaBelief;
    adabound::AdaBound;
    adadelta::Adadelta;
    adafactor::Adafactor;
    adagrad::Adagrad;
    adam::Adam;
    adamax::Adamax;
    adan::Adan;
    ademamix::AdEmaMix;
    adopt::Adopt;
    amsgrad::AmsGrad;
    asgd::Asgd;
    dadapt_adam::DAdaptAdam;
    dog::Dog;
    dowg::Dowg;
    fromage::Fromage;
    ftrl::Ftrl;
    lamb::Lamb;
    lars::Lars;
    lion::Lion;
    madgrad::MadGrad;
    momentum::Momentum;
    momo::Momo;
    momo_adam::MomoAdam;
    muon::Muon;
    nadam::NAdam;
    novograd::NovoGrad;
    optimistic::Optimistic;
    polyak::Polyak;
    prodigy::Prodigy;
    qhadam::QhAdam;
    radam::RAdam;
    rmsprop::RmsProp;
    rmsprop_momentum::RmsPropMomentum;
    rprop::Rprop;
    schedule_free_adamw::ScheduleFreeAdamW;
    schedule_free_sgd::ScheduleFreeSgd;
    sgd::Sgd;
    shampoo::Shampoo;
    sign_sgd::SignSgd;
    sm3::Sm3;
    soap::Soap;
    sophia::Sophia;
    yogi::Yogi;
}

pub use adam::AdamW;
