//! Linear algebra.

use crate::case::Case;

fn flag(case: &Case<'_>, name: &str) -> bool {
    case.param(name).as_bool().unwrap_or(false)
}

golden! { |case|
    "matvec" matvec (A, x) [] {} A.matvec(x);
    "vecmat" vecmat (x, A) [] {} A.t().matvec(x);
    "matmul" matmul (A, B) [] {} A.matmul(B);
    "matmul/same_matrix_twice" matmul_self (A) [] {} A.matmul(A);
    "matmul/transposed_both" matmul_transposed (A, B) [] {} A.t().matmul(&B.t());
    "matmul/chain_3" matmul_chain (A, B, C, x) [] {} A.matmul(B).matmul(C).matvec(x).tanh();
    "batched_matmul" batched_matmul (A, B) [] {} A.matmul(B);
    "outer" outer (x) [] {} x.outer(x);
    "cross" cross (a, b) [] {} a.cross(b);
    "einsum/bij_bjk_to_bik" einsum_bij_bjk_to_bik (A, B) [] {} A.einsum("bij,bjk->bik", &[B]);
    "einsum/ij_to_ji" einsum_ij_to_ji (A) [] {} A.einsum("ij->ji", &[]);
    "einsum/ii_to_" einsum_ii_to (A) [] {} A.einsum("ii->", &[]);
    "einsum/ijk_k_to_ij" einsum_ijk_k_to_ij (A, B) [] {} A.einsum("ijk,k->ij", &[B]);
    "einsum/bhqd_bhkd_to_bhqk" einsum_bhqd_bhkd_to_bhqk (A, B) [] {} A.einsum("bhqd,bhkd->bhqk", &[B]);
    "einsum/ij_ij_to_" einsum_ij_ij_to (A, B) [] {} A.einsum("ij,ij->", &[B]);
    "einsum/abc_abd_to_cd" einsum_abc_abd_to_cd (A, B) [] {} A.einsum("abc,abd->cd", &[B]);
    "einsum/ij_kj_to_ik" einsum_ij_kj_to_ik (A, B) [] {} A.einsum("ij,kj->ik", &[B]);
    "einsum/i_i_i_to_i" einsum_i_i_i_to_i (A, B, C) [] {} A.einsum("i,i,i->i", &[B, C]);
    "einsum/bi_ij_bj_to_b" einsum_bi_ij_bj_to_b (A, B, C) [] {} A.einsum("bi,ij,bj->b", &[B, C]);
    "einsum/nchw_ochw_to_no" einsum_nchw_ochw_to_no (A, B) [] {} A.einsum("nchw,ochw->no", &[B]);
    "einsum/ab_bc_cd_to_ad" einsum_ab_bc_cd_to_ad (A, B, C) [] {} A.einsum("ab,bc,cd->ad", &[B, C]);
    "triangular_solve" triangular_solve (A, B) [] {lower: bool = flag(case, "lower"),
        transposed: bool = flag(case, "transposed"), unit: bool = flag(case, "unit_diagonal")}
        if *transposed {
            A.triangular_solve_transposed(B, *lower, *unit)
        } else {
            A.triangular_solve(B, *lower, *unit)
        };
    "cholesky" cholesky (B) [] {} {
        let n = B.shape()[0];
        let unit = (B.index_axis(0, 0).detach() * 0.0 + 1.0).diag();
        (B.matmul(&B.t()) + unit * n as Float).cholesky()
    };
    "cholesky/direct_symmetric_input" cholesky_direct (A) [] {} A.cholesky();
    "inverse" inverse (A) [] {} A.inverse();
    "det" det (A) [] {} A.det();
    "logabsdet" logabsdet (A) [] {} A.log_abs_det();
    "solve" solve (A, B) [] {} A.solve(B);
    "cho_solve" cho_solve (B, y) [] {} {
        let unit = (y.detach() * 0.0 + 1.0).diag();
        let factor = (B.matmul(&B.t()) + unit * 4.0).cholesky();
        factor.triangular_solve_transposed(&factor.triangular_solve(y, true, false), true, false)
    };
    "eigvalsh" eigvalsh (M) [] {} {
        let (values, _) = M.eigh();
        values
    };
    "eigh_function" eigh_function (M) [] {} {
        let (values, vectors) = M.eigh();
        let scaled = &vectors * values.exp().unsqueeze(0);
        scaled.matmul(&vectors.t())
    };
    "svdvals" svdvals (A) [] {} A.singular_values();
    "nuclear_norm" nuclear_norm (A) [] {} A.singular_values().sum_axis(0);
    "spectral_norm" spectral_norm (A) [] {} A.singular_values().index_axis(0, 0);
    "frobenius_norm" frobenius_norm (A) [] {} A.norm_axis(..);
    "matrix_norm_1" matrix_norm_1 (A) [] {} A.abs().sum_axis(0).max_axis(0);
    "matrix_norm_inf" matrix_norm_inf (A) [] {} A.abs().sum_axis(1).max_axis(0);
    "pinv" pinv (A) [] {} A.t().matmul(A).solve(&A.t());
    "ridge_solution" ridge_solution (X, y, lam) [] {} {
        let unit = (X.index_axis(0, 0).detach() * 0.0 + 1.0).diag();
        (X.t().matmul(X) + unit * lam).solve(&X.t().matvec(y))
    };
    "qr_projection" qr_projection (A, y) [] {} {
        let (q, _) = A.qr();
        q.matvec(&q.t().matvec(y))
    };
    // Scaling and squaring of the series.
    "expm" expm (A) [] {} {
        let unit = (A.index_axis(0, 0).detach() * 0.0 + 1.0).diag();
        let small = A * 0.0625;
        let mut term = small.clone();
        let mut sum = &unit + &small;
        for k in 2..16 {
            term = term.matmul(&small) * (1.0 / k as Float);
            sum = &sum + &term;
        }
        for _ in 0..4 {
            sum = sum.matmul(&sum);
        }
        sum
    };
    "matrix_power" matrix_power (A) [] {} {
        let square = A.matmul(A);
        square.matmul(&square).matmul(A)
    };
    "quadratic_form" quadratic_form (x, A) [] {} (x * A.matvec(x)).sum_axis(0);
    "gp_log_marginal" gp_log_marginal (l, s, e, y, x) [] {} {
        let unit = (y.detach() * 0.0 + 1.0).diag();
        let gap = (x.unsqueeze(1) - x).square();
        let k = (gap * -0.5 / l.square()).exp() * s.square() + unit * e.square();
        let factor = k.cholesky();
        let z = factor.triangular_solve(y, true, false);
        let constant = 3.0 * (2.0 * std::f64::consts::PI).ln();
        -(z.square().sum_axis(0) * 0.5 + factor.diagonal(0).ln().sum_axis(0) + constant as Float)
    };
    "procrustes_residual" procrustes_residual (P, Q, t) [] {} {
        let (c, s) = (t.cos(), t.sin());
        let x = P.index_axis(1, 0);
        let y = P.index_axis(1, 1);
        let u = &x * &c + &y * &s;
        let v = &y * &c - &x * &s;
        (u.stack(&[&v], 1) - Q).square().sum_axis(..)
    };
    "power_iteration" power_iteration (M, v) [] {} {
        let s = (M + M.t()) * 0.5;
        let mut u = v.clone();
        for _ in 0..10 {
            let w = s.matvec(&u);
            u = &w / w.norm_axis(0);
        }
        (&u * s.matvec(&u)).sum_axis(0)
    };
    "householder" householder (v, x) [] {}
        x - v * ((v * x).sum_axis(0) * 2.0 / v.square().sum_axis(0));
    "gram_schmidt" gram_schmidt (A) [] {} {
        let (q, _) = A.qr();
        q
    };
    "tridiagonal_solve" tridiagonal_solve (a, d, u, b) [] {} {
        let lower = a.diag().pad(&[(1, 0), (0, 1)], cotangent::Pad::Constant(0.0));
        let upper = u.diag().pad(&[(0, 1), (1, 0)], cotangent::Pad::Constant(0.0));
        (lower + d.diag() + upper).solve(b)
    };
}
