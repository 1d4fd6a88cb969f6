"""The 26 fruits of the built-in pair."""

from fruitlab.data.synthetic.body import Body, Star, Tube
from fruitlab.data.synthetic.fruits import Fruit
from fruitlab.data.synthetic.fruits import Variety as V

TREE = {"single": 2, "group": 2, "pile": 3, "tree": 3, "bowl": 1.5, "hand": 0.7, "cut": 1}
STALL = {"single": 2.5, "group": 2, "pile": 3, "tree": 0.8, "bowl": 0.8, "hand": 1, "cut": 1.5}

# fmt: off
FRUITS: dict[str, Fruit] = {
    "Apple": Fruit(
        Body(
            (1, 0.9, 1), taper=(0.08, -0.02, 0), top=(0.27, 9), bottom=(0.13, 14), lobes=(5, 0.02),
        ),
        (V("b3161d", "8c0f1a", dots="d8926a"),
         V("d9b64e", "c9c05c", blush="b8202a", blush_cover=(-0.2, 0.7), streaks=0.3, top="b9a044"),
         V("93b94a", "a9c65d", dots="d7e6a0"),
         V("dcc75a", "cfc76a", blush="d68a4a", blush_cover=(-1.4, -0.5), dots="a58b3e"),
         V("5d0e1c", "7c1424", dots="c77c6c", weight=(0.7, 0.7))),
        patterns=("eye",), parts=(("stem", 0.42, 0.055, "4d3620", 0.25),), gloss=0.32, sharpness=22,
        dot_scale=34, flesh="apple", compositions=TREE,
    ),
    "Banana": Fruit(
        Tube(),
        (V("e3bd2f", "dcb23a"), V("d8b02f", "c9992f"), V("b7bd3f", "cfc04a", weight=(0.4, 0.8)),
         V("8c2f2a", "6d2420", weight=(0.0, 0.35))),
        patterns=("peel",), gloss=0.14, sharpness=14, jitter=0.08, tilt=0.7,
        compositions={"cluster": 5, "single": 1.2, "pile": 1.5, "bowl": 0.8, "hand": 0.6},
    ),
    "Cantaloupe": Fruit(
        Body((1, 0.97, 1), top=(0.04, 40), bottom=(0.03, 40)),
        (V("d9ac50", "cfae5c"), V("bfa565", "a8a468", patterns=("ribs",)),
         V("9aa065", "b0a76b", patterns=("ribs",), weight=(0.6, 1))),
        patterns=("net",), parts=(("stem", 0.1, 0.06, "8d8350", 0.1),), gloss=0.1, sharpness=10,
        mottle=0.03, flesh="cantaloupe", compositions={**STALL, "tree": 0.2, "cut": 2.5},
    ),
    "Carambola": Fruit(
        Star((0.62, 1, 0.62), taper=(0, -0.32, 0), top=(0.05, 14), lobes=(5, 0.36)),
        (V("e2b21f", "d9a31a", dots="8a5a14"), V("d6c63a", "c3c143", dots="6a7d22"),
         V("a9bf45", "bcc750", dots="4d7a22", weight=(0.3, 1))),
        patterns=("star",), gloss=0.42, sharpness=20, mottle=0.03, jitter=0.07, flesh="carambola",
        compositions={"single": 2, "group": 2.5, "pile": 1.5, "tree": 2, "cut": 4, "hand": 0.5},
    ),
    "Cherry": Fruit(
        Body((1, 0.93, 0.96), taper=(0.08, 0, 0), top=(0.24, 8), bottom=(0.03, 20)),
        (V("8e0f1f", "a3142a"), V("4a0a14", "2d0910"), V("c2222f", "d03a3a"),
         V("e8b64a", "e7c07a", blush="c8402f", blush_cover=(-0.7, 0.2), weight=(0.5, 0.3))),
        patterns=("seam",), parts=(("stem", 1.5, 0.045, "5f7a2c", 0.5),), gloss=0.6, sharpness=38,
        mottle=0.015,
        compositions={"single": 1, "group": 2, "pile": 4, "pair": 3, "bowl": 1.5, "tree": 2},
    ),
    "Clementine": Fruit(
        Body(
            (1, 0.82, 1), taper=(0.03, 0, 0), top=(0.07, 22), bottom=(0.08, 26), lobes=(9, 0.006),
        ),
        (V("e9680f", "e2590c"), V("ee7d12", "e66a12"), V("dd4f10", "e7600f")),
        patterns=("pores", "button"), parts=(("leaf", 0.35),), gloss=0.3, sharpness=16,
        mottle=0.025, flesh="clementine", compositions={**TREE, "cut": 1.8},
    ),
    "Coco": Fruit(
        Body((0.9, 1, 0.9), taper=(-0.04, 0, 0), top=(-0.04, 12)),
        (V("6a4a33", "55392a"), V("7d5a3f", "664530"), V("8d6a48", "75573a", weight=(0.5, 1))),
        patterns=("husk",), parts=(("hair", 45),), gloss=0.03, sharpness=8, mottle=0.03,
        flesh="coco",
        compositions={"single": 2, "group": 2, "pile": 2.5, "cut": 5, "hand": 0.7, "bowl": 0.3},
    ),
    "Date": Fruit(
        Body((0.46, 1, 0.46), taper=(0.04, -0.05, 0), bend=0.06, top=(0.04, 14)),
        (V("5c2c14", "43200f"), V("7c431c", "5e3016"), V("3a1d12", "4b2415"),
         V("b8741f", "c98a2e", weight=(0.2, 0.6))),
        patterns=("wrinkles",), parts=(("cap", 0.2, "b99a62"),), gloss=0.5, sharpness=16,
        jitter=0.08, tilt=0.9,
        compositions={"pile": 4, "bowl": 3, "group": 2.5, "tree": 1.5, "single": 1, "hand": 0.4},
    ),
    "Grape": Fruit(
        Body((0.93, 1, 0.93), top=(0.03, 30)),
        (V("a9b648", "bcc15c"), V("262338", "32264a"), V("85283a", "a83a45", dots="c07a70"),
         V("4b2345", "5d2b52", weight=(0.6, 1))),
        patterns=("bloom",), parts=(("stem", 0.22, 0.07, "6d7a35", 0.1),), gloss=0.34, sharpness=24,
        jitter=0.09, compositions={"bunch": 7, "pile": 1.5, "bowl": 1, "group": 0.7, "single": 0.4},
    ),
    "Grapefruit": Fruit(
        Body((1, 0.93, 1), taper=(0.02, 0, 0), top=(0.03, 24), bottom=(0.03, 30)),
        (V("e8b23a", "e3a93c", blush="e0804a", blush_cover=(-1.3, -0.2)), V("e5bb48", "ddb944"),
         V("e39a4c", "e2a24c", blush="d9644a", blush_cover=(-0.9, 0.1))),
        patterns=("pores", "button"), gloss=0.28, sharpness=13, flesh="grapefruit",
        compositions={**STALL, "cut": 5, "tree": 1.5},
    ),
    "Kaki": Fruit(
        Body((1, 0.84, 1), taper=(0.06, 0, 0), top=(0.1, 12), bottom=(0.02, 20), lobes=(4, 0.035)),
        (V("e5651b", "dd5516"), V("ec7f22", "e56d1c"), V("d2401a", "df5218"),
         V("e99a35", "e2872b", weight=(0.3, 0.6))),
        parts=(("calyx", 4, 0.78, 0.4, "5f6b38", "8a7a4c"), ("stem", 0.12, 0.09, "5b4a2c", 0.1)),
        gloss=0.4, sharpness=26, flesh="kaki", compositions={**TREE, "cut": 0.8},
    ),
    "Kiwi": Fruit(
        Body((0.8, 1, 0.76), bottom=(-0.05, 60)),
        (V("8c6a40", "785834"), V("9a7a4c", "866440"), V("7a5c3a", "664a2c")),
        patterns=("fuzz",), gloss=0.04, sharpness=8, mottle=0.03, flesh="kiwi",
        compositions={
            "single": 1.3, "group": 1.5, "pile": 2, "cut": 6, "bowl": 0.8, "tree": 1.3, "hand": 0.5,
        },
    ),
    "Lemon": Fruit(
        Body((0.77, 0.93, 0.77), top=(-0.13, 26), bottom=(-0.26, 24)),
        (V("e8cb2c", "e3c02a"), V("ecd548", "e6c832"), V("d9c63a", "b9bb42", weight=(0.5, 1))),
        patterns=("pores", "button"), parts=(("leaf", 0.2),), gloss=0.3, sharpness=15,
        flesh="lemon", compositions={**TREE, "cut": 3},
    ),
    "Lychee": Fruit(
        Body((0.9, 1, 0.9), taper=(0.06, 0, 0), top=(0.05, 14)),
        (V("e0707e", "d65a68", blush="cf4a5c"), V("d8505a", "dc6a58", blush="c43a48"),
         V("dc8a68", "cfa55e", blush="c8505a", weight=(0.3, 1))),
        patterns=("knobs",), parts=(("stem", 0.2, 0.06, "5a4228", 0.1),), gloss=0.1, sharpness=12,
        mottle=0.03, flesh="lychee", compositions={**TREE, "bunch": 1.5, "single": 1},
    ),
    "Mango": Fruit(
        Body(
            (0.78, 1, 0.66), taper=(0.1, -0.03, 0), bend=0.13, top=(0.03, 14), bottom=(-0.02, 12),
        ),
        (V("5b7a45", "6d8a4c", blush="8c5a48", blush_cover=(-1.2, -0.2)),
         V("dfa83a", "d99b35", blush="c8452f", blush_cover=(-0.4, 0.6)),
         V("e0b444", "d8a83a", weight=(0.4, 1)),
         V("7f9a45", "a8a044", blush="b2402f", blush_cover=(-0.4, 0.4))),
        parts=(("stem", 0.12, 0.07, "4a3620", 0.1),), gloss=0.22, sharpness=14, mottle=0.025,
        dot_scale=44, jitter=0.06, flesh="mango", compositions={**TREE, "cut": 2},
    ),
    "Melon": Fruit(
        Body((0.76, 1, 0.76), top=(-0.03, 20), bottom=(-0.03, 30)),
        (V("e9c32f", "e4b92a", patterns=("furrows",)), V("edd154", "e6c63c", patterns=("furrows",)),
         V("566f38", "687f40", dots="b5b468", patterns=("speckle", "furrows"), weight=(0.8, 0.5)),
         V("d9dba8", "cdd398", weight=(0.6, 0.5))),
        parts=(("stem", 0.12, 0.06, "8a8348", 0.1),), gloss=0.2, sharpness=14, mottle=0.015,
        flesh="melon", compositions={**STALL, "tree": 0, "cut": 2},
    ),
    "Orange": Fruit(
        Body((1, 0.98, 1), top=(0.02, 30), bottom=(0.03, 40)),
        (V("ee8a12", "e67f10"), V("f09a1e", "ea8c16"), V("e6780e", "ec8616")),
        patterns=("pores", "button"), gloss=0.27, sharpness=14, flesh="orange",
        compositions={**TREE, "cut": 3},
    ),
    "Papaya": Fruit(
        Body(
            (0.6, 1, 0.6), taper=(-0.22, -0.06, -0.06), bend=0.03, top=(0.04, 16),
            bottom=(-0.02, 20), lobes=(5, 0.015),
        ),
        (V("7f8a35", "98963a", blush="d9822a", blush_cover=(-0.6, 0.3)),
         V("5b7a35", "6a8438", blush="c89a35", blush_cover=(-1.3, -0.4)),
         V("e0a034", "d99230", blush="b8a83c", blush_cover=(-0.8, 0.2)),
         V("3f5f30", "4d6d34", weight=(0.3, 1))),
        parts=(("stem", 0.12, 0.09, "5a5a30", 0.1),), gloss=0.2, sharpness=13, mottle=0.04,
        flesh="papaya", compositions={**STALL, "tree": 1.2, "cut": 4},
    ),
    "Passion Fruit": Fruit(
        Body((0.96, 1, 0.96)),
        (V("4a2438", "5b3046", dots="a98a8c"), V("6b3f50", "7d5560", dots="b09a98"),
         V("2f1a26", "43222f", dots="8a6a6c"),
         V("c9a03a", "bda843", weight=(0, 0.3), dots="e6d9a0")),
        patterns=("dents",), parts=(("stem", 0.3, 0.05, "6a6a3c", 0.15),), gloss=0.32, sharpness=18,
        mottle=0.03, dot_scale=40, flesh="passion",
        compositions={"single": 1, "group": 1.5, "pile": 2, "cut": 7, "tree": 1.5, "bowl": 0.7},
    ),
    "Peach": Fruit(
        Body((1, 0.93, 0.97), taper=(0.02, 0, 0), top=(0.2, 10), bottom=(-0.05, 18)),
        (V("e5a748", "e8b765", blush="b8303a", blush_cover=(-0.7, 0.3), streaks=0.1),
         V("e8c07a", "e5b060", blush="c23a40", blush_cover=(-0.9, 0.2), streaks=0.06),
         V("d9903a", "e0a24a", blush="a8202a", blush_cover=(-0.3, 0.6), streaks=0.1)),
        patterns=("velvet",), parts=(("leaf", 0.15),), gloss=0.06, sharpness=8, mottle=0.03,
        flesh="peach", compositions={**TREE, "cut": 1.5},
    ),
    "Pear": Fruit(
        Body(
            (0.78, 1.1, 0.78), taper=(-0.42, -0.06, -0.03), bend=0.03, top=(0.07, 20),
            bottom=(0.1, 16),
        ),
        (V("b9b23f", "a9a93c", dots="7d7a30"),
         V("cbbd4c", "c2b040", blush="c8703a", blush_cover=(-1.2, -0.2), dots="8d7d30"),
         V("8fa043", "a0aa48", dots="6a7530"),
         V("93602e", "a5703a", dots="c9a060", weight=(0.5, 0.6)),
         V("8c2a2c", "a53a30", weight=(0.3, 0.25))),
        patterns=("eye",), parts=(("stem", 0.42, 0.05, "4d3620", 0.25),), gloss=0.2, sharpness=15,
        mottle=0.025, dot_scale=46, jitter=0.06, flesh="pear", compositions=TREE,
    ),
    "Pineapple": Fruit(
        Body((0.66, 0.86, 0.66), taper=(0, 0.06, 0), top=(0.06, 10), bottom=(0.04, 10)),
        (V("b5762c", "a3682c", dots="3a2412"), V("c9952f", "bd852f", dots="4a3214"),
         V("7a6a35", "8d7238", dots="2a2412"),
         V("6a7a3c", "7d8040", dots="2f3a1c", weight=(0.2, 0.6))),
        patterns=("scales",), parts=(("crown", 30, 0.95),), gloss=0.14, sharpness=10, mottle=0.04,
        flesh="pineapple", compositions={"single": 4, "group": 2, "pile": 1, "plant": 4, "cut": 2},
    ),
    "Pitahaya Red": Fruit(
        Body((0.78, 1, 0.78), top=(0.04, 10)),
        (V("c8285e", "b8204f"), V("d8447a", "cc3468"), V("c4303f", "d03a50", weight=(0.5, 1))),
        parts=(("fins", 20, 0.5, "d8487a", "86a33c"),), gloss=0.2, sharpness=14, mottle=0.03,
        flesh="pitahaya", compositions={"single": 3, "group": 2, "pile": 1.5, "tree": 2, "cut": 4},
    ),
    "Plum": Fruit(
        Body((0.9, 1, 0.88), top=(0.1, 12), bottom=(-0.03, 20)),
        (V("431424", "5c1a2c"), V("2d2038", "3a2848"), V("7d1a2a", "932434"),
         V("c99a3a", "c9a848", blush="b0402f", blush_cover=(-1, 0), weight=(0.3, 0.5))),
        patterns=("seam", "bloom"), parts=(("stem", 0.22, 0.05, "5a4a28", 0.15),), gloss=0.34,
        sharpness=20, jitter=0.07, flesh="plum", compositions=TREE,
    ),
    "Pomegranate": Fruit(
        Body(
            (1, 0.93, 1), taper=(-0.02, 0, 0), top=(0.02, 20), bottom=(0.02, 20), lobes=(6, 0.022),
        ),
        (V("a81a22", "8f141f"), V("c0303a", "b4263a", blush="d9705a", blush_cover=(-1, 0)),
         V("c9803a", "c08a48", blush="b8282c", blush_cover=(-0.3, 0.6))),
        parts=(("tiara", 6, 0.34, "9a2a2a", "b86a4a"),), gloss=0.34, sharpness=20, mottle=0.035,
        flesh="pomegranate", compositions={**TREE, "cut": 4},
    ),
    "Strawberry": Fruit(
        Body((0.82, 1, 0.8), taper=(0.3, -0.2, -0.02), top=(0.1, 7), bottom=(0.02, 10)),
        (V("c4161f", "b01019"), V("d5262a", "c81a20", top="e8b8a0"), V("a30f1c", "8f0c18"),
         V("d8403a", "cf2a2a", blush="f0d0b0", blush_cover=(-1.4, -0.6), weight=(0.4, 0.6))),
        patterns=("seeds",),
        parts=(("calyx", 9, 0.55, 0.16, "4d7a2a", "6f9a3a"), ("stem", 0.35, 0.05, "6a8f3a", 0.2)),
        gloss=0.42, sharpness=22, jitter=0.08, flesh="strawberry",
        compositions={**TREE, "pile": 4, "cut": 1.2},
    ),
}
# fmt: on
