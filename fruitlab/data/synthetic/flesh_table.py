"""The cut faces of the fruits in the built-in pair."""

from fruitlab.data.synthetic.flesh import Flesh, Seeds


def _citrus(pulp: str, deep: str, pith: str = "f4e6c0") -> Flesh:
    stops = (
        (0, pith),
        (0.08, pith),
        (0.13, deep),
        (0.5, pulp),
        (0.83, deep),
        (0.87, pith),
        (0.93, pith),
    )
    return Flesh(stops, segments=(10, pith), rays=0.1, skin=0.94)


# fmt: off
FLESH = {
    "apple": Flesh(
        ((0, "e4d6a0"), (0.3, "efe4c0"), (0.9, "f5eed8")),
        seeds=Seeds(5, 0.12, 0.2, 0.07, "4a2a16"),
    ),
    "cantaloupe": Flesh(
        ((0, "c9732a"), (0.38, "d9822f"), (0.42, "f0a050"), (0.8, "f09a42"), (0.88, "d9c070"),
         (0.93, "9aa055")),
        seeds=Seeds(40, 0, 0.36, 0.07, "f0d9a0"), skin=0.94,
    ),
    "carambola": Flesh(
        ((0, "d9c04a"), (0.2, "efdc7a"), (0.8, "ecd052"), (0.95, "c9a52a")),
        seeds=Seeds(5, 0.16, 0.24, 0.05, "6a4a22"), lobes=(5, 0.36), skin=0.96,
    ),
    "clementine": _citrus("f28a1e", "e8740f"),
    "coco": Flesh(
        ((0, "c4bfb4"), (0.4, "dcd8ce"), (0.6, "efece4"), (0.66, "ffffff"), (0.86, "fbfaf6"),
         (0.88, "6a452c")),
        skin=0.9,
    ),
    "grapefruit": _citrus("e2604f", "cf3f3f", "f6e3bd"),
    "kaki": Flesh(
        ((0, "e8a050"), (0.1, "e07a22"), (0.5, "ec8f32"), (0.93, "e07320")),
        seeds=Seeds(6, 0.2, 0.4, 0.05, "8a4a1c"), rays=0.16,
    ),
    "kiwi": Flesh(
        ((0, "eef0c8"), (0.2, "e6ebb0"), (0.28, "9cc244"), (0.6, "7fae2e"), (0.88, "6f9e28"),
         (0.93, "93b850")),
        seeds=Seeds(44, 0.27, 0.46, 0.04, "1c1a12"), rays=0.22, aspect=1.08,
    ),
    "lemon": _citrus("efe08a", "e6d060", "faf3d6"),
    "lychee": Flesh(
        ((0, "4a2a18"), (0.28, "5a3420"), (0.32, "dcd8d0"), (0.8, "f2f0ea"), (0.9, "e9d9d4")),
    ),
    "mango": Flesh(((0, "f0b53a"), (0.35, "f2bb3e"), (0.9, "f4b838")), aspect=1.4, rays=0.04),
    "melon": Flesh(
        ((0, "dcc98a"), (0.36, "e2d29a"), (0.4, "f2efce"), (0.85, "eef0c4"), (0.93, "c4cf80")),
        seeds=Seeds(40, 0, 0.34, 0.07, "f4e8b8"), aspect=1.2,
    ),
    "orange": _citrus("f5a02a", "ee8a18"),
    "papaya": Flesh(
        ((0, "c95a22"), (0.4, "d9662a"), (0.45, "ee8238"), (0.88, "f08c3c"), (0.94, "d9b04a")),
        seeds=Seeds(70, 0, 0.4, 0.085, "231f1c"), aspect=1.6,
    ),
    "passion": Flesh(
        ((0, "dfa11c"), (0.62, "e0a824"), (0.7, "f0e0b8"), (0.86, "f6eede"), (0.9, "c9808a")),
        seeds=Seeds(30, 0.05, 0.6, 0.09, "241c18"), skin=0.92,
    ),
    "peach": Flesh(
        ((0, "5a2c1c"), (0.3, "7a3f26"), (0.34, "c4442f"), (0.5, "f0a848"), (0.93, "f2b85a")),
        rays=0.1,
    ),
    "pear": Flesh(
        ((0, "e9dcb0"), (0.3, "f1e8cc"), (0.92, "f6f0dc")),
        seeds=Seeds(5, 0.1, 0.18, 0.06, "3d2818"), aspect=1.25,
    ),
    "pineapple": Flesh(
        ((0, "efd987"), (0.2, "efdc8c"), (0.26, "f0c53c"), (0.85, "eebc30"), (0.9, "8a5f28")),
        rays=0.22, skin=0.9,
    ),
    "pitahaya": Flesh(
        ((0, "f2eef0"), (0.86, "f4f0f2"), (0.9, "e0508a")),
        seeds=Seeds(120, 0, 0.84, 0.028, "1f1a1c"), aspect=1.15, skin=0.9,
    ),
    "plum": Flesh(
        ((0, "6a3c22"), (0.26, "80502c"), (0.3, "d9a040"), (0.85, "e0a84a"), (0.94, "a03a30")),
        rays=0.1,
    ),
    "pomegranate": Flesh(
        ((0, "ead7a8"), (0.85, "e9cf9a"), (0.92, "eed8ae")),
        seeds=Seeds(110, 0.08, 0.84, 0.1, "a8142c"), skin=0.93,
    ),
    "strawberry": Flesh(
        ((0, "f6dcd2"), (0.22, "f3c4b8"), (0.45, "ea7a70"), (0.9, "d0202a")),
        rays=0.12, aspect=1.2,
    ),
}
# fmt: on
