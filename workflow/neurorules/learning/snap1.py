"""SnAp-1 (Menick et al. 2020): RTRL with each parameter's influence on its own unit alone.

RTRL carries P_k,im,t = da_k,t/dw_im for every unit k (rtrl.py). SnAp-n keeps it where the parameter reaches unit k
within n steps, and sets it to zero elsewhere at every step. A weight into unit i acts on unit i at once, so that n = 1
keeps k = i:

    p_im,t = J_ii,t p_im,t-1 + alpha z_m,t-1,     J_ii,t = 1 - alpha + alpha W_ii f'(a_i,t-1)
    dw_im = sum_t c_i,t p_im,t

It keeps the leak and the unit's own recurrent weight, and drops every path through another unit. In a leaky rate
network this is e-prop with the own weight kept, by another derivation (`eprop_diagonal`, whose recursion it runs
backward in time), and it costs the same: one number per parameter, N (N + I + 1) multiplications a step, no matrix
product between steps. The two differ for units with several states, as LSTMs, for which SnAp-1 was published.
"""

from __future__ import annotations

from neurorules.learning.eprop_diagonal import EPropDiagonal


class SnAp1(EPropDiagonal):
    label = "SnAp-1"


LEARNING_RULE = SnAp1
