//! Every update rule, with its forms: what tests of all rules go over.
//!
//! A list that lacks a rule of the crate is noticed: see [`complete`].

/// Calls a macro with `name: builder;` for every rule and form.
#[allow(unused_macros, reason = "one test has rates of its own for every rule")]
macro_rules! every_rule {
    ($visit:ident) => {
        $visit! {
            sgd: Sgd::new(0.05);
            momentum: Sgd::new(0.05).momentum(0.9).dampening(0.5).schedule(WarmupCosine::new(3, 20));
            nesterov_of_keras: Momentum::new(0.05, 0.9).nesterov().keras();
            averaged_momentum: Momentum::new(0.05, 0.9).average(true);
            sign_sgd: SignSgd::new(0.05).momentum(0.5);
            rprop: Rprop::new(0.05);
            asgd: Asgd::new(0.05).start(2.0);
            optimistic: Optimistic::new(0.05);
            polyak: Polyak::new(0.5);
            adagrad: Adagrad::new(0.05).rate_decay(0.1);
            adadelta: Adadelta::new(1.0);
            rmsprop: RmsProp::new(0.05);
            rmsprop_momentum: RmsProp::new(0.05).centered().momentum(0.9);
            adam: Adam::new(0.05).l2(0.01).clip_global_norm(1.0);
            adamw: AdamW::new(0.05).schedule(WarmupCosine::new(3, 20));
            amsgrad: AmsGrad::new(0.05);
            adamax: Adamax::new(0.05);
            nadam: NAdam::new(0.05);
            radam: RAdam::new(0.05);
            adabelief: AdaBelief::new(0.05);
            yogi: Yogi::new(0.05);
            adan: Adan::new(0.05).weight_decay(0.02);
            adopt: Adopt::new(0.05);
            ademamix: AdEmaMix::new(0.05);
            acprop: AcProp::new(0.05);
            qhadam: QhAdam::new(0.05);
            adabound: AdaBound::new(0.05);
            lion: Lion::new(0.05);
            lamb: Lamb::new(0.05).weight_decay(0.02);
            lars: Lars::new(1.0).weight_decay(0.02);
            novograd: NovoGrad::new(0.05).weight_decay(0.02);
            fromage: Fromage::new(0.05);
            madgrad: MadGrad::new(0.05);
            ftrl: Ftrl::new(0.5).l1_penalty(0.01);
            sophia: Sophia::new(0.05);
            prodigy: Prodigy::new(1.0);
            dadapt_adam: DAdaptAdam::new(1.0);
            dog: Dog::new(1.0);
            dowg: Dowg::new(1.0);
            momo: Momo::new(0.5);
            momo_adam: MomoAdam::new(0.05);
            schedule_free_sgd: ScheduleFreeSgd::new(0.05).warmup(3);
            schedule_free_adamw: ScheduleFreeAdamW::new(0.05).weight_decay(0.01);
            adafactor: Adafactor::new(0.05);
            sm3: Sm3::new(0.05);
            muon: Muon::new(0.05);
            shampoo: Shampoo::new(0.05).momentum(0.5).interval(2);
            soap: Soap::new(0.05).interval(3).weight_decay(0.01);
        }
    };
}

/// Fails when the names of the rules that were visited aren't those of all rules.
pub(crate) fn complete(visited: impl IntoIterator<Item = &'static str>) {
    let visited: std::collections::BTreeSet<_> = visited.into_iter().collect();
    let all: std::collections::BTreeSet<_> = cotangent_optimizers::RULES.iter().copied().collect();
    assert_eq!(
        all.len(),
        cotangent_optimizers::RULES.len(),
        "two rules have one name"
    );
    assert_eq!(visited, all);
}
