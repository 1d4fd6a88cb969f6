"""Datasets without pixels, built from a list of pictures."""

from hashlib import blake2b

import numpy as np

from fruitlab.data.domains import DOMAINS, Domain, Split, TwoDomains, fingerprint_of
from fruitlab.data.splitting import group_pictures

Picture = tuple[str, int, str, str | None]  # domain, label, content hash, group key


def build(pictures: list[Picture], categories: int) -> TwoDomains:
    """Builds a dataset from pictures in any order, with images of zero pixels."""
    ordered = sorted(pictures, key=lambda picture: picture[:2])
    groups, keys = group_pictures([p[2] for p in ordered], [p[3] for p in ordered])
    domains = {}
    for name in DOMAINS:
        rows = [i for i, picture in enumerate(ordered) if picture[0] == name]
        domains[name] = Domain(
            name=name,
            images=np.zeros((len(rows), 0), np.uint8),
            labels=np.array([ordered[i][1] for i in rows], np.int64),
            paths=tuple(str(i) for i in rows),
            hashes=tuple(ordered[i][2] for i in rows),
            groups=groups[rows],
        )
    names = tuple(f"c{i}" for i in range(categories))
    return TwoDomains(
        name="t",
        categories=names,
        kind="drawn",
        group_keys=keys,
        nice=domains["nice"],
        real=domains["real"],
        fingerprint=fingerprint_of(names, domains.values(), keys),
    )


def distinct_pictures(counts: dict[tuple[str, int], int]) -> list[Picture]:
    """Returns pictures that each are their own group, from {(domain, label): number}."""
    return [
        (domain, label, blake2b(f"{domain}{label}{i}".encode(), digest_size=8).hexdigest(), None)
        for (domain, label), n in counts.items()
        for i in range(n)
    ]


def hashes_in_test(data: TwoDomains, split: Split) -> dict[str, list[str]]:
    """Returns the sorted content hashes of the test pictures of each domain."""
    return {
        name: sorted(data.domain(name).hashes[i] for i in split.indices(name, "test"))
        for name in DOMAINS
    }
