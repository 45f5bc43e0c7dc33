"""The vocabularies of molgen's tokenizers. The place of a token is its number for good: new tokens go to the end.

Each holds the special tokens, the tokens of at least 5 of 105,000 molecules of ChEMBL, NCI's HIV screen and Tox21, most frequent
first, and the pieces that a rarer token is spelt with.
"""

from __future__ import annotations

__all__ = ["SELFIES_TOKENS", "SMILES_TOKENS", "SPECIAL_TOKENS"]

#: Padding, a token that is unknown (kept for models; the tokenizers never write it), begin, end, and a token that is hidden.
SPECIAL_TOKENS: tuple[str, ...] = ("<pad>", "<unk>", "<bos>", "<eos>", "<mask>")

#: Without the special tokens.
_SMILES: tuple[str, ...] = tuple(
    r"""
    ) ( C 1 c O = 2 N n 3 S - [nH] Cl 4 F o s # [N+] [O-] Br 5 . [n+] P [C@@H] [C@H] 6 [N-] / [Si] [NaH] [C@] I [S+] [C@@] [OH+] 7
    [PH] [Cl-] \ [O+] [O] [Sn] [I-] [CH2] [Br-] [Se] [Cl+3] [C] [Co-4] 8 [Cl] [OH] [NH] [C-] [P+] [NH+] [c] [NH2] [SH+] [s+] [B-]
    [Ni-2] [Cu-3] [Pt-2] B [S] [Pd-2] [CH-] [se] [N] [c-] [S-] [CH3] 9 [Ge] [As] [KH] [Na+] [Ni-4] [n-] [Hg] [CH] [Zn-2] [Cu-5]
    [Co-2] [Cr] [IH2] [P-] [Ir-3] [K+] [NH2+] %10 [ClH2+] [CH2-] [Br] [Mn+] [Fe-2] [Mo] [ClH+] [Bi] [Fe-3] [Cu-2] [o+] [Fe+2]
    [Mo+2] [Pt] [Cu-4] [Co-3] [Mn+2] [Zn-4] [Pb] [W] [Fe-] [Sb] [Rh+2] [Zn+2] [n] [Rh-4] [LiH] [OH2+] [Zn] [Cu] [Fe] [Ru-4] [Na]
    [cH-] [Au] [I+] [Ni-3] [IH2+] [nH+] [Cu+2] [Re+] [Au-] p b * + : ~ @ ? > < $ % 0 %11 %12 %13 %14 %15 %16 %17 %18 %19 %20 %21
    %22 %23 %24 %25 %26 %27 %28 %29 [ ] @SP @TB @OH @TH @AL H He Li Be Ne Na Mg Al Si Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge
    As Se Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir
    Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og se
    as te si
    """.split()
)

#: Without the special tokens.
_SELFIES: tuple[str, ...] = tuple(
    r"""
    [C] [Ring1] [=C] [Branch1] [=Branch1] [N] [O] [=O] [Branch2] [Ring2] [=N] [S] [#Branch1] [=Branch2] [#Branch2] [#C] [NH1] [Cl]
    [P] [F] [=Ring1] [O-1] [N+1] [=S] [#N] [Br] . [=Ring2] [=N+1] [C@@H1] [C@H1] [/C] [Si] [NaH1] [C@] [I] [S+1] [N-1] [C@@]
    [=N-1] [OH1+1] [Cl-1] [PH1] [\C] [OH0] [Sn] [=P] [CH0] [I-1] [Se] [CH2] [O+1] [Br-1] [Cl+3] [/N] [Co-4] [C-1] [ClH0] [OH1]
    [=S+1] [P+1] [NH1+1] [NH2] [=O+1] [#O+1] [=OH1+1] [B-1] [SH1+1] [Ni-2] [Cu-3] [=CH0] [Pt-2] [NH0] [B] [CH1-1] [SH0] [Pd-2]
    [CH3] [S-1] [Ge] [#CH0] [KH1] [As] [Na+1] [Ni-4] [Hg] [Zn-2] [Cu-5] [/O] [Co-2] [Cr] [CH1] [P-1] [Ir-3] [K+1] [/C@@H1] [=Se]
    [ClH2+1] [CH2-1] [BrH0] [Mn+1] [#N+1] [Fe-2] [ClH1+1] [=NH2+1] [=NH1+1] [\N] [Fe-3] [Cu-2] [=PH1] [Pt] [Bi] [Cu-4] [Co-3]
    [Mn+2] [Zn-4] [Mo] [Branch3] [Pb] [=OH0] [Fe-1] [Rh+2] [Zn+2] [\O] [/C@H1] [\Cl] [Rh-4] [LiH1] [OH2+1] [W] [Fe+2] [Sb] [Zn]
    [\S] [=CH1] [Cu] [Ru-4] [Na] [I+1] [PH0] [Ni-3] [IH2+1] [Cu+2] [Au-1] [#B-1] [#B] [#Branch3] [#C+1] [#C-1] [#P+1] [#P-1] [#P]
    [#S+1] [#S-1] [#S] [=B+1] [=B-1] [=B] [=Branch3] [=C+1] [=C-1] [=P+1] [=P-1] [=Ring3] [=S-1] [B+1] [C+1] [H] [Ring3] [#Ring1]
    [#Ring2] [#Ring3] [-/Ring1] [-\Ring1] [/-Ring1] [\-Ring1] [//Ring1] [\\Ring1] [/\Ring1] [\/Ring1] [-/Ring2] [-\Ring2]
    [/-Ring2] [\-Ring2] [//Ring2] [\\Ring2] [/\Ring2] [\/Ring2] [-/Ring3] [-\Ring3] [/-Ring3] [\-Ring3] [//Ring3] [\\Ring3]
    [/\Ring3] [\/Ring3] [ ] = # / \ @ + - 0 1 2 3 4 5 6 7 8 9 Branch Ring H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti
    V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb
    Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs
    Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
    """.split()
)

#: Tokens of SMILES by their number.
SMILES_TOKENS: tuple[str, ...] = SPECIAL_TOKENS + _SMILES
#: Tokens of SELFIES by their number.
SELFIES_TOKENS: tuple[str, ...] = SPECIAL_TOKENS + _SELFIES
