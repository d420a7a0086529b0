//! One walker per rule and peer: the rule in the peer's conventions, with a run's hyperparameters.

use cotangent_optimizers::*;

use crate::Run;
use crate::problem::{Model, Problem};
use crate::walker::{Ahead, Averaged, By, Walker};

fn boxed<R: TensorRule>(builder: OptimizerBuilder<R>, model: &Model) -> Option<Box<dyn Walker>> {
    Some(Box::new(builder.build(model).unwrap()))
}

/// Where the peer couples the decay (torch's old rules) or decouples it.
fn decayed<R: TensorRule>(
    builder: OptimizerBuilder<R>,
    run: &Run,
    coupled: bool,
) -> OptimizerBuilder<R> {
    let decay = run.get("weight_decay", 0.0);
    if coupled {
        builder.l2(decay)
    } else {
        builder.weight_decay(decay)
    }
}

/// The walker of a run, if one is written.
pub(crate) fn walker(run: &Run, x: &Model) -> Option<Box<dyn Walker>> {
    let lr = run.get("lr", 1.0);
    let (torch, optax, keras) = (
        run.peer() == "torch",
        run.peer() == "optax",
        run.peer() == "keras",
    );
    let (b1, b2) = (run.get("beta1", 0.9), run.get("beta2", 0.999));
    let eps = |default| run.get("eps", default);
    let coupled = torch && !run.flag("decoupled_weight_decay") && !run.call().contains("AdamW");
    match run.rule() {
        "sgd" => boxed(decayed(Sgd::new(lr), run, torch), x),
        "momentum" | "nesterov" => {
            let mut builder = Sgd::new(lr).momentum(run.get("momentum", 0.9));
            builder = builder.dampening(run.get("dampening", 0.0));
            if run.flag("nesterov") {
                builder = builder.nesterov();
            }
            if keras {
                builder = builder.keras();
            }
            boxed(decayed(builder, run, torch), x)
        }
        "momentum_ema" => boxed(
            Momentum::new(lr, run.get("beta", 0.9)).average(run.flag("debias")),
            x,
        ),
        "sign_sgd" => boxed(SignSgd::new(lr), x),
        "signum" => boxed(SignSgd::new(lr).momentum(run.get("beta", 0.9)), x),
        "rprop" => {
            let builder = Rprop::new(lr);
            boxed(if optax { builder.optax() } else { builder }, x)
        }
        "asgd" => {
            let builder = Asgd::new(lr).lambda(run.get("lambd", 1e-4));
            boxed(
                builder
                    .alpha(run.get("alpha", 0.75))
                    .start(run.get("t0", 1e6)),
                x,
            )
        }
        "polyak_sgd" => {
            let builder = Polyak::new(run.get("scaling", 1.0)).lowest(run.get("f_min", 0.0));
            boxed(builder.most(run.get("max_learning_rate", 1.0)), x)
        }
        "optimistic_gd" => {
            let builder = Optimistic::new(lr).alpha(run.get("alpha", 1.0));
            boxed(builder.beta(run.get("beta", 1.0)), x)
        }
        "adagrad" => {
            let builder = Adagrad::new(lr);
            let builder = if torch { builder } else { builder.optax() };
            let start = run.get("initial_accumulator_value", if torch { 0.0 } else { 0.1 });
            let builder = builder.start(start).rate_decay(run.get("lr_decay", 0.0));
            boxed(
                decayed(
                    builder.eps(eps(if torch { 1e-10 } else { 1e-7 })),
                    run,
                    torch,
                ),
                x,
            )
        }
        "adadelta" => {
            let builder = Adadelta::new(lr).rho(run.get("rho", 0.9)).eps(eps(1e-6));
            boxed(decayed(builder, run, !keras), x)
        }
        "rmsprop" => {
            let builder = RmsProp::new(lr);
            let builder = if torch { builder } else { builder.optax() };
            let builder = if run.hyper.contains_key("eps_in_sqrt") {
                builder.eps_inside(run.flag("eps_in_sqrt"))
            } else {
                builder
            };
            let builder = builder.rho(run.get("rho", if torch { 0.99 } else { 0.9 }));
            let builder = builder
                .start(run.get("initial_scale", 0.0))
                .eps(eps(if keras { 1e-7 } else { 1e-8 }));
            let builder = decayed(builder.corrected(run.flag("bias_correction")), run, torch);
            let momentum = run.get("momentum", 0.0);
            if momentum == 0.0 && !run.flag("centered") {
                return boxed(builder, x);
            }
            let builder = builder.momentum(momentum).centered(run.flag("centered"));
            boxed(
                builder.nesterov(run.flag("nesterov")).rate_inside(!torch),
                x,
            )
        }
        "novograd" => boxed(
            decayed(NovoGrad::new(lr).betas(b1, b2).eps(eps(1e-6)), run, false),
            x,
        ),
        "fromage" => boxed(Fromage::new(lr).least_norm(run.get("min_norm", 1e-6)), x),
        "madgrad" => boxed(
            MadGrad::new(lr)
                .momentum(run.get("momentum", 0.9))
                .eps(eps(1e-6)),
            x,
        ),
        "ftrl" => {
            let builder = Ftrl::new(lr).start(run.get("initial_accumulator_value", 0.1));
            let builder = builder.l1_penalty(run.get("l1_regularization_strength", 0.0));
            boxed(
                builder.l2_penalty(run.get("l2_regularization_strength", 0.0)),
                x,
            )
        }
        "adam" | "adamw" => {
            let builder = Adam::new(lr);
            let builder = if keras { builder.keras() } else { builder };
            let builder = builder
                .betas(b1, b2)
                .eps(eps(if keras { 1e-7 } else { 1e-8 }));
            let builder = builder
                .eps_root(run.get("eps_root", 0.0))
                .nesterov(run.flag("nesterov"));
            boxed(decayed(builder, run, coupled), x)
        }
        "amsgrad" => {
            let builder = AmsGrad::new(lr);
            let builder = match run.peer() {
                "keras" => builder.keras(),
                "optax" => builder.optax(),
                _ => builder,
            };
            let builder = builder
                .betas(b1, b2)
                .eps(eps(if keras { 1e-7 } else { 1e-8 }));
            boxed(decayed(builder, run, coupled), x)
        }
        "adamax" => {
            let builder = Adamax::new(lr);
            let builder = if keras { builder.keras() } else { builder };
            boxed(
                decayed(builder.betas(b1, b2).eps(eps(1e-8)), run, coupled),
                x,
            )
        }
        "nadam" => {
            let builder = NAdam::new(lr);
            let builder = match run.peer() {
                "keras" => builder.keras(),
                "optax" => builder.optax(),
                _ => builder.momentum_decay(run.get("momentum_decay", 0.004)),
            };
            let builder = builder
                .betas(b1, b2)
                .eps(eps(if keras { 1e-7 } else { 1e-8 }));
            boxed(decayed(builder, run, coupled), x)
        }
        "radam" => {
            let builder = RAdam::new(lr).betas(b1, b2).eps(eps(1e-8));
            boxed(
                decayed(if optax { builder.optax() } else { builder }, run, coupled),
                x,
            )
        }
        "adabelief" => {
            let builder = AdaBelief::new(lr).betas(b1, b2).eps(eps(1e-16));
            boxed(builder.eps_root(run.get("eps_root", 1e-16)), x)
        }
        "yogi" => boxed(Yogi::new(lr).betas(b1, b2).eps(eps(1e-3)), x),
        "adan" => {
            let builder = Adan::new(lr).betas(run.get("b1", 0.98), run.get("b2", 0.92));
            let builder = builder
                .beta3(run.get("b3", 0.99))
                .eps(eps(1e-8))
                .eps_root(1e-8);
            boxed(decayed(builder, run, false), x)
        }
        "adopt" => boxed(Adopt::new(lr).betas(b1, b2).eps(eps(1e-6)), x),
        "ademamix" => {
            let builder = AdEmaMix::new(lr).betas(b1, b2).beta3(run.get("b3", 0.9999));
            boxed(
                decayed(
                    builder.alpha(run.get("alpha", 5.0)).eps(eps(1e-8)),
                    run,
                    false,
                ),
                x,
            )
        }
        "acprop" => {
            let builder = AcProp::new(lr).betas(b1, b2).eps(eps(1e-16));
            boxed(builder.eps_root(run.get("eps_root", 1e-16)), x)
        }
        "qhadam" => boxed(QhAdam::new(lr).betas(b1, b2).eps(eps(1e-8)), x),
        "adabound" => {
            let builder = AdaBound::new(lr).betas(b1, b2).eps(eps(1e-8));
            boxed(
                builder
                    .final_rate(run.get("final_lr", 0.1))
                    .gamma(run.get("gamma", 1e-3)),
                x,
            )
        }
        "lion" => boxed(
            decayed(Lion::new(lr).betas(b1, run.get("beta2", 0.99)), run, false),
            x,
        ),
        "lamb" => {
            let builder = Lamb::new(lr)
                .betas(b1, b2)
                .eps(eps(if keras { 1e-7 } else { 1e-6 }));
            boxed(decayed(builder, run, false), x)
        }
        "lars" => {
            let builder = Lars::new(lr).momentum(run.get("momentum", 0.9));
            let builder = builder
                .trust(run.get("trust_coefficient", 0.001))
                .nesterov(run.flag("nesterov"));
            let builder = if optax {
                builder
            } else {
                builder.paper().least_rank(2)
            };
            boxed(decayed(builder, run, false), x)
        }
        "prodigy" => {
            let builder = Prodigy::new(lr).betas(b1, b2).eps(eps(1e-8));
            let builder = builder.start(run.number("estim_lr0").or(run.number("d0")).unwrap());
            boxed(
                decayed(
                    if optax {
                        builder
                    } else {
                        builder.uncorrected()
                    },
                    run,
                    false,
                ),
                x,
            )
        }
        "dadapt_adamw" => {
            let builder = DAdaptAdam::new(lr).betas(b1, b2).eps(eps(1e-8));
            boxed(builder.start(run.get("estim_lr0", 1e-6)), x)
        }
        "dog" => boxed(
            Dog::new(lr)
                .first_rate(run.get("init_step", 1e-6))
                .eps(eps(1e-8)),
            x,
        ),
        "dowg" => boxed(
            Dowg::new(lr)
                .start(run.get("init_estim_sq_dist", 1e-4))
                .eps(eps(1e-4)),
            x,
        ),
        "momo" => boxed(
            Momo::new(lr)
                .beta(run.get("beta", 0.9))
                .lowest(run.get("lower_bound", 0.0)),
            x,
        ),
        "momo_adam" => {
            let builder = MomoAdam::new(lr).betas(b1, b2).eps(eps(1e-8));
            boxed(builder.lowest(run.get("lower_bound", 0.0)), x)
        }
        "schedule_free_sgd" => {
            let builder = ScheduleFreeSgd::new(lr)
                .beta(b1)
                .power(run.get("weight_lr_power", 2.0));
            let builder = builder.optax_warmup(run.get("warmup_steps", 0.0) as u64);
            boxed(decayed(builder, run, false), x)
        }
        "schedule_free_adamw" => {
            let builder = ScheduleFreeAdamW::new(lr).betas(b1, b2).eps(eps(1e-8));
            let builder = builder.optax_warmup(run.get("warmup_steps", 0.0) as u64);
            boxed(decayed(builder, run, false), x)
        }
        "compose_clip_adam" => boxed(Adam::new(lr).clip_global_norm(run.get("clip_norm", 1.0)), x),
        "compose_agc_sgd" => {
            let (factor, eps) = (run.get("clipping", 0.01), eps(1e-3));
            boxed(
                Sgd::new(lr).transform(Transform::AdaptiveClip { factor, eps }),
                x,
            )
        }
        "compose_masked_decay" => boxed(decayed(AdamW::new(lr), run, false).no_decay("1"), x),
        "compose_groups" if torch => {
            let builder = Sgd::new(lr).momentum(run.get("momentum", 0.9));
            let builder = builder.l2(run.get("weight_decay", 0.0));
            boxed(
                builder.group("1", |group| group.rate_factor(0.5).no_decay()),
                x,
            )
        }
        "compose_groups" => {
            // Another rule for some leaves is another optimizer for them.
            let mut weights = Adam::new(lr).freeze("1").build(x).unwrap();
            let mut bias = Sgd::new(lr / 2.0).freeze("0").build(x).unwrap();
            Some(Box::new(By(move |model: &mut Model, problem: &Problem| {
                let (_, gradient, _) = problem.evaluate(model);
                weights.step(model, &gradient).unwrap();
                bias.step(model, &gradient).unwrap();
            })))
        }
        "compose_freeze" => boxed(Adam::new(lr).freeze("1"), x),
        "compose_schedule" if keras => {
            let rate = Exponential {
                gamma: run
                    .get("decay_rate", 0.7)
                    .powf(run.get("transition_steps", 20.0).recip()),
            };
            boxed(Momentum::new(lr, 0.9).keras().schedule(rate), x)
        }
        "compose_schedule" if run.call().starts_with("adamw") => {
            let (warmup, total) = (run.get("warmup_steps", 0.0), run.get("decay_steps", 1.0));
            // The run ends at a tenth of the rate.
            let schedule = WarmupCosine::new(warmup as u64, total as u64).floor(0.1);
            boxed(decayed(AdamW::new(lr), run, false).schedule(schedule), x)
        }
        "compose_schedule" => {
            let rate = Exponential {
                gamma: run
                    .get("decay_rate", 0.7)
                    .powf(run.get("transition_steps", 20.0).recip()),
            };
            boxed(Momentum::new(lr, 0.9).schedule(rate), x)
        }
        "compose_l1_prox" => {
            let builder = Sgd::new(lr).proximal_l1(run.get("l1", 0.0));
            boxed(builder.group("1", |group| group.proximal_l1(0.0)), x)
        }
        "sm3" => boxed(Sm3::new(lr).momentum(run.get("momentum", 0.9)), x),
        "adafactor" => {
            let builder = Adafactor::new(lr);
            let builder = match run.peer() {
                "keras" => builder.keras(),
                "optax" => builder.optax(),
                _ => builder,
            };
            let relative = !run.hyper.contains_key("multiply_by_parameter_scale");
            let factored = !run.hyper.contains_key("factored");
            boxed(builder.relative(relative).factored(factored), x)
        }
        "muon" => {
            let builder = decayed(Muon::new(lr).nesterov(run.flag("nesterov")), run, false);
            if optax {
                let builder = builder.optax().momentum(run.get("beta", 0.95));
                let builder = if x.len() > 1 {
                    builder.no_decay("1")
                } else {
                    builder
                };
                let rms = run.number("consistent_rms");
                return boxed(
                    if let Some(rms) = rms {
                        builder.match_rms(rms)
                    } else {
                        builder
                    },
                    x,
                );
            }
            let builder = builder.momentum(run.get("momentum", 0.95));
            let builder = match run.text("adjust_lr_fn") {
                Some("match_rms_adamw") => builder.match_rms(0.2),
                _ => builder,
            };
            boxed(
                if x.len() > 1 {
                    builder.freeze("1")
                } else {
                    builder
                },
                x,
            )
        }
        "shampoo" => {
            let builder = Shampoo::new(lr).momentum(run.get("momentum", 0.0));
            boxed(builder.eps(run.get("matrix_eps", 1e-6)), x)
        }
        "soap" => {
            let builder = Soap::new(lr).betas(b1, b2).eps(eps(1e-8));
            boxed(
                builder.interval(run.get("precondition_frequency", 10.0) as u64),
                x,
            )
        }
        "sophia" => {
            let builder = Sophia::new(lr).betas(b1, b2).eps(eps(1e-8));
            let builder = builder
                .gamma(run.get("gamma", 0.01))
                .limit(run.get("clip_threshold", 1.0));
            let mut optimizer = decayed(builder, run, false).build(x).unwrap();
            let interval = run.get("update_interval", 10.0) as u64;
            Some(Box::new(By(move |model: &mut Model, problem: &Problem| {
                let (_, gradient, diagonal) = problem.evaluate(model);
                optimizer.step(model, &gradient).unwrap();
                if (optimizer.steps() - 1) % interval == 0 {
                    optimizer.observe_curvature(&diagonal).unwrap();
                }
            })))
        }
        "compose_multisteps" => {
            let mut optimizer = Adam::new(lr).build(x).unwrap();
            let mut accumulation = Accumulation::new(x, run.get("every_k", 1.0) as u64);
            Some(Box::new(By(move |model: &mut Model, problem: &Problem| {
                if let Some(mean) = accumulation.add(&problem.evaluate(model).1).unwrap() {
                    optimizer.step(model, mean).unwrap();
                }
            })))
        }
        "ema" | "swa" => {
            let average = match run.rule() {
                "ema" => Average::exponential(x, run.get("decay", 0.9)).unwrap(),
                _ => Average::equal(x, run.get("swa_start", 0.0) as u64),
            };
            let optimizer = Adam::new(lr).build(x).unwrap();
            Some(Box::new(Averaged { optimizer, average }))
        }
        "lookahead" => {
            let (period, pull) = (run.get("sync_period", 6.0), run.get("slow_step_size", 0.5));
            let lookahead = Lookahead::new(x, period as u64, pull).unwrap();
            if run.flag("reset_state") {
                let optimizer = Adam::new(lr).build(x).unwrap();
                return Some(Box::new(Ahead {
                    optimizer,
                    lookahead,
                    resets: true,
                }));
            }
            let optimizer = Momentum::new(lr, 0.9).build(x).unwrap();
            Some(Box::new(Ahead {
                optimizer,
                lookahead,
                resets: false,
            }))
        }
        "sam" => {
            let mut optimizer = Momentum::new(lr, run.get("momentum", 0.9))
                .build(x)
                .unwrap();
            let sam = Sam::new(x, run.get("sam_rho", 0.05)).unwrap();
            let mut sam = if run.flag("adaptive") {
                sam.adaptive()
            } else {
                sam
            };
            Some(Box::new(By(move |model: &mut Model, problem: &Problem| {
                let gradient = |x: &Model| Ok(problem.evaluate(x).1);
                sam.step(&mut optimizer, model, gradient).unwrap();
            })))
        }
        _ => None,
    }
}
