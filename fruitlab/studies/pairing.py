"""Which mixed and iterative runs belong to one reproduction of the paper. No torch."""

from fruitlab.runs.entry import Entry


def paired(mixed: list[Entry], iterative: list[Entry]) -> list[tuple[list[Entry], list[Entry]]]:
    """Mixed and iterative runs that belong together by their number of iterations.

    An iterative phase trains on half of the pictures. With the paper's batches, a twentieth of the
    training set, an iterative run needs twice the iterations to see as many (5.1).

    Returns:
        (mixed, iterative) for each group; one of the two may be empty.
    """
    by_mixed, by_iterative = _by_iterations(mixed), _by_iterations(iterative)
    found: list[tuple[list[Entry], list[Entry]]] = []
    taken: set[int] = set()
    for iterations, group in by_mixed.items():
        twice = iterations * (1 if group[0].known_config.batch_size else 2)
        partners = [n for n in (twice, iterations) if n in by_iterative][:1]
        taken.update(partners)
        found.append((group, by_iterative[partners[0]] if partners else []))
    rest = (group for iterations, group in by_iterative.items() if iterations not in taken)
    return found + [([], group) for group in rest]


def _by_iterations(entries: list[Entry]) -> dict[int, list[Entry]]:
    groups: dict[int, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.known_config.iterations, []).append(entry)
    return groups
