"""What the paper reports: numbers, hypotheses, findings and limitations, typed in from its text.

Comments name the paper's sections. Where the paper contradicts itself, the results section and
Table 2 are used (`CONTRADICTIONS`). A test compares Table 2 with the paper's text, and another one
asserts that the checks in `findings` come to the paper's conclusions on the paper's numbers.
"""

from dataclasses import dataclass

AUTHOR = "Yuxuan Bao"
TITLE = "A Study of Methods for Training with Different Datasets in Image Classification"
WHERE = "Advances in Engineering: an International Journal (ADEIJ), vol. 2, no. 4, 2019"
LINK = "https://airccse.com/adeij/papers/2419adeij01.pdf"

CATEGORIES = 26
# Test pictures of each domain, about: 26 categories with around 400 pictures each (4), of which
# 40% are for testing (4.3).
PICTURES = 4_160
RANDOM_BASELINE = 1 / CATEGORIES

# Table 1: layer, what it is, output size. The output of the average pooling, 6x6x32, gives the
# 1,152 inputs of the first fully connected layer.
TABLE1 = (
    ("Inputs", "-", "100x100x3"),
    ("Convolutional Layer", "5x5 kernel, depth 3 to 8, stride 1", "100x100x8"),
    ("Max Pooling", "2x2 filter", "50x50x8"),
    ("3 Residual Blocks", "3x3 kernel, depth 8, stride 1", "50x50x8"),
    ("Change Residual Block", "3x3 kernel, depth 8 to 16, stride 2", "25x25x16"),
    ("3 Residual Blocks", "3x3 kernel, depth 16, stride 1", "25x25x16"),
    ("Change Residual Block", "3x3 kernel, depth 16 to 32, stride 2", "12x12x32"),
    ("3 Residual Blocks", "3x3 kernel, depth 32, stride 1", "12x12x32"),
    ("Average Pooling", "2x2 filter", "6x6x32"),
    ("Fully Connected Layer", "Tanh activation", "200"),
    ("Fully Connected Layer", "Softmax activation", "26"),
)
LAYERS = 25
FIRST_PARAMETERS = 608  # of the first layer, the only number of parameters in the paper (2.1.2)

# Table 2 (5.3.2): percent of the real training set: accuracy on real, accuracy on nice,
# performance. Each column is the best over training.
_TABLE2 = {
    0: (0.22712341, 0.9648086, 0.468113896),
    10: (0.28601596, 0.96574885, 0.52549286),
    20: (0.32426092, 0.96816653, 0.560107852),
    30: (0.36602533, 0.9646743, 0.593680112),
    40: (0.38925388, 0.9638684, 0.611715718),
    50: (0.40544346, 0.95701814, 0.622297615),
    60: (0.44462693, 0.94533247, 0.648321119),
    70: (0.45283905, 0.9002015, 0.63847192),
    80: (0.46198967, 0.8194762, 0.614201621),
    90: (0.47067106, 0.6235057, 0.540779084),
    100: (0.50093853, 0.21517797, 0.308003439),
}
TABLE2 = {
    ratio: {"nice": nice, "real": real, "combined": performance}
    for ratio, (real, nice, performance) in _TABLE2.items()
}
BEST_TOP1 = 60, TABLE2[60]["combined"]  # "a best top-1 combined performance of 64.8%" (5.3.2)
BEST_TOP3 = 70, 0.832  # Figure 12: the only number of it in the text (5.3.2)
ITERATIVE_BELOW = 0.45  # Figure 13, from the text (5.3.3): "always lower than 45%"
# Figure 14, from the text (5.3.3): nice accuracy of the 50% split at the switch ("~95%") and
# within 200 iterations ("to 20%").
FORGOTTEN = {0: 0.95, 200: 0.20}
ITERATIONS = 3000  # 5.3.1


@dataclass(frozen=True)
class Claim:
    """A hypothesis or finding of the paper.

    Attributes:
        title: in our words.
        outcome: what the paper found.
        quote: the paper's wording; empty for a finding.
    """

    title: str
    outcome: str
    quote: str = ""


# By the name of the check in `findings` that decides it.
HYPOTHESES = {  # 5.2, and what 5.3 says about them
    "own_domain": Claim(
        "Each domain is best with most of its own pictures",
        "Mostly agrees: real is best at 100% real, nice at 20%, 0.3 points above 0%.",
        "In mixed training, the highest test accuracy for each dataset is obtained when the "
        "corresponding dataset is mixed into the training set at the highest ratio.",
    ),
    "near_half": Claim(
        "The combined score is best near half and half",
        "Slightly deviates: top-1 is best at 60% real (64.8%), top-3 at 70% (83.2%).",
        "In mixed training, the performance score is at the highest near 50% mixing of both "
        "datasets.",
    ),
    "iterative_wins": Claim(
        "Iterative training beats mixed training",
        "Not supported: always lower than 45%, while mixed training reaches 64.8%.",
        "Iterative training produces a better performance score than the best results of mixed "
        "training.",
    ),
}
FINDINGS = {  # 5.3.2 and 5.3.3
    "helps_nice": Claim(
        "A little real data helps nice accuracy",
        "Nice is best at 20% real: 96.8%, against 96.5% with none. “Very slight”.",
    ),
    "carries_over": Claim(
        "A network trained on one domain is above the random baseline on the other",
        "21 to 23%; the random baseline is 3.8%.",
    ),
    "never_improves": Claim(
        "Restricted training never improves the combined score",
        "At none of the nine splits.",
    ),
    "none_beats_mixed": Claim(
        "No iterative run beats mixed training on either domain",
        "No individual accuracy exceeded the best of mixed training.",
    ),
    "forgets_fast": Claim(
        "Forgetting is fast",
        "At the 50% split nice accuracy falls from about 95% to 20% within 200 iterations.",
    ),
}
TUNING = {  # 5.3.1
    "rates": Claim(
        "Learning rates 0.0025 and 0.004 are the best",
        "After 1,500 iterations, the best rate for each ratio is 0.0025 or 0.004.",
    ),
    "factors": Claim(
        "L2 factors between 0.1 and 0.7 are the best",
        "After 1,500 iterations, the best performance is obtained for factors between 0.1 and 0.7.",
    ),
    "final": Claim(
        "L2 factor 0.5 is the best",
        "After 3,000 iterations with a learning rate of 0.004, factor 0.5 is the best at the most"
        " ratios.",
    ),
}
TUNING_FIGURES = {"rates": 8, "factors": 9, "final": 10}
LIMITATIONS = (  # 7
    (
        "One kind of network, a convolutional one similar to ResNet. Other approaches may behave "
        "differently, and so may tasks other than classification."
    ),
    (
        "Small pictures of 100x100 pixels, and so a thin network with few parameters. A larger one "
        "may give other results."
    ),
    (
        "One network does everything. Methods with several networks may be more accurate, at a "
        "higher cost."
    ),
)
CONTRADICTIONS = (
    (
        "The abstract gives the best ratio as about 70%, with 63.8% (top-1) and 83.0% (top-3). "
        "The results say 60% with 64.8%, and 70% with 83.2% for top-3. FruitLab uses the results "
        "and Table 2."
    ),
    (
        "Section 4.4.2 once lets iterative training begin with the real pictures. Everywhere else, "
        "and here, the nice ones come first."
    ),
    (
        "Each column of Table 2 is the best over training, at iterations of its own. In every row "
        "the square root of nice times real is at least the performance column, by up to 2.1 "
        "points more."
    ),
    (
        "Section 2.1.2 says that all kernels are 3x3. Table 1 and Figure 3 give the first one as "
        "5x5, which FruitLab uses."
    ),
)
