"""The paper's 26 categories (section 4), and the folders of two public datasets that belong to each.

A folder is looked up in a table, never guessed from how its name begins: "Grapefruit" begins with "Grape", "Mangostan"
with "Mango", and "Apple Rotten 1" is an apple that nobody wants to train on.
"""

import re
import unicodedata

CATEGORIES: tuple[str, ...] = (
    "Apple",
    "Banana",
    "Cantaloupe",
    "Carambola",
    "Cherry",
    "Clementine",
    "Coco",
    "Date",
    "Grape",
    "Grapefruit",
    "Kaki",
    "Kiwi",
    "Lemon",
    "Lychee",
    "Mango",
    "Melon",
    "Orange",
    "Papaya",
    "Passion Fruit",
    "Peach",
    "Pear",
    "Pineapple",
    "Pitahaya Red",
    "Plum",
    "Pomegranate",
    "Strawberry",
)

# Fruits-360: a folder is a variety, and its spelling changed from release to release: "Braeburn" (2017), "Apple Braeburn",
# "apple_braeburn_1", "Apple Braeburn 1". So names stand here as `variety` leaves them: lower case, without the number at the end.
# Left out on purpose: rotten, hit, wormy, peeled and unripe fruit, cores and holes, because the paper's nice pictures are sound, whole
# fruit. Nectarine, tangelo, mandarine and granadilla are fruits of their own there. Maracuja is the passion fruit's other name.
FRUITS_360: dict[str, tuple[str, ...]] = {
    "Apple": (
        "apple",
        "apple braeburn",
        "apple crimson snow",
        "apple golden",
        "apple granny smith",
        "apple pink lady",
        "apple red",
        "apple red delicious",
        "apple red yellow",
        "braeburn",
        "golden",
        "granny smith",
    ),
    "Banana": ("banana", "banana lady finger", "banana red"),
    "Cantaloupe": ("cantaloupe",),
    "Carambola": ("carambula", "carambola"),
    "Cherry": (
        "cherry",
        "cherry rainier",
        "cherry sour",
        "cherry wax",
        "cherry wax black",
        "cherry wax red",
        "cherry wax yellow",
    ),
    "Clementine": ("clementine",),
    "Coco": ("cocos",),
    "Date": ("dates",),
    "Grape": ("grape", "grape blue", "grape pink", "grape white"),
    "Grapefruit": ("grapefruit", "grapefruit pink", "grapefruit white"),
    "Kaki": ("kaki",),
    "Kiwi": ("kiwi",),
    "Lemon": ("lemon", "lemon meyer"),
    "Lychee": ("lychee",),
    "Mango": ("mango", "mango red"),
    "Melon": ("melon piel de sapo",),
    "Orange": ("orange",),
    "Papaya": ("papaya",),
    "Passion Fruit": ("passion fruit", "maracuja"),
    "Peach": ("peach", "peach flat"),
    "Pear": (
        "pear",
        "pear abate",
        "pear common",
        "pear forelle",
        "pear kaiser",
        "pear monster",
        "pear red",
        "pear stone",
        "pear williams",
    ),
    "Pineapple": ("pineapple", "pineapple mini"),
    "Pitahaya Red": ("pitahaya red",),
    "Plum": ("plum",),
    "Pomegranate": ("pomegranate",),
    "Strawberry": ("strawberry", "strawberry wedge"),
}

# The other folders of Fruits-360 up to the releases of 2025: known, so that a folder of class folders can be recognised by its names.
FRUITS_360_OTHERS: frozenset[str] = frozenset(
    name.strip()
    for name in """
    almonds, apple core, apple hit, apple rotten, apple worm, apricot, avocado, avocado black, avocado green, avocado ripe, bean pod, beans,
    beetroot, blackberrie, blackberrie half rippen, blackberrie not rippen, blackberry, blueberry, cabbage red, cabbage white, cactus fruit,
    cactus fruit green, cactus fruit red, caju seed, carrot, cauliflower, celery, cherimoya, cherry wax not ripen, cherry wax not rippen,
    chestnut, corn, corn husk, cucumber, cucumber ripe, eggplant, eggplant long, eggplant violet, fig, ginger, ginger root, gooseberry,
    granadilla, grape not ripen, guava, hazelnut, huckleberry, kohlrabi, kumquats, limes, mandarine, mangostan, mulberry, nectarine,
    nectarine flat, nut, nut forest, nut pecan, onion, onion red, onion red peeled, onion white, onion white peeled, orange peeled, peanut
    shell 1x, pepino, pepper, pepper green, pepper orange, pepper red, pepper yellow, physalis, physalis with husk, pistachio, plum hole,
    pomelo sweetie, potato red, potato red washed, potato sweet, potato white, quince, rambutan, raspberry, redcurrant, salak, tamarillo,
    tangelo, tomato, tomato cherry maroon, tomato cherry orange, tomato cherry red, tomato cherry yellow, tomato heart, tomato
    maroon, tomato not ripen, tomato not ripened, tomato yellow, walnut, watermelon, zucchini, zucchini dark, zucchini green
""".replace("\n    ", " ").split(",")
)

# Fruits-262: a folder is a fruit. It has neither a peach nor a plain plum: nectarines, which are peaches without the fuzz, stand in for the
# one; damsons, yellow plums and plumcots for the other ("peach" and "plum" are for sets cut from it). Its muskmelon is left out: most of
# what the web shows under that name is a cantaloupe.
FRUITS_262: dict[str, tuple[str, ...]] = {
    "Apple": ("apple",),
    "Banana": ("banana",),
    "Cantaloupe": ("cantaloupe",),
    "Carambola": ("carambola",),
    "Cherry": ("cherry",),
    "Clementine": ("clementine",),
    "Coco": ("coconut",),
    "Date": ("date",),
    "Grape": ("grape",),
    "Grapefruit": ("grapefruit",),
    "Kaki": ("persimmon",),
    "Kiwi": ("kiwi",),
    "Lemon": ("lemon",),
    "Lychee": ("lychee",),
    "Mango": ("mango",),
    "Melon": ("galia melon",),
    "Orange": ("orange",),
    "Papaya": ("papaya",),
    "Passion Fruit": ("passion fruit",),
    "Peach": ("peach", "nectarine"),
    "Pear": ("pear",),
    "Pineapple": ("pineapple",),
    "Pitahaya Red": ("dragonfruit",),
    "Plum": ("plum", "damson", "plumcot", "yellow plum"),
    "Pomegranate": ("pomegranate",),
    "Strawberry": ("strawberry",),
}

FRUITS_262_OTHERS: frozenset[str] = frozenset(
    name.strip()
    for name in """
    abiu, acai, acerola, ackee, alligator apple, ambarella, apricot, araza, avocado, bael, barbadine, barberry, bayberry, beach plum, bearberry,
    bell pepper, betel nut, bignay, bilimbi, bitter gourd, black berry, black cherry, black currant, black mullberry, black sapote, blueberry,
    bolwarra, bottle gourd, brazil nut, bread fruit, buddha s hand, buddha's hand, buffaloberry, burdekin plum, burmese grape, caimito, camu
    camu, canistel, cape gooseberry, cardon, cashew, cedar bay cherry, cempedak, ceylon gooseberry, che, chenet, cherimoya, chico, chokeberry,
    cloudberry, cluster fig, cocoa bean, coffee, common buckthorn, corn kernel, cornelian cherry, crab apple, cranberry, crowberry, cupuacu,
    custard apple, desert fig, desert lime, dewberry, durian, eggplant, elderberry, elephant apple, emblic, entawak, etrog, feijoa, fibrous
    satinash, fig, finger lime, gandaria, genipap, goji, gooseberry, goumi, greengage, grenadilla, guanabana, guarana, guava, guavaberry,
    hackberry, hard kiwi, hawthorn, hog plum, honeyberry, honeysuckle, horned melon, illawarra plum, indian almond, indian strawberry, ita palm,
    jaboticaba, jackfruit, jalapeno, jamaica cherry, jambul, japanese raisin, jasmine, jatoba, jocote, jostaberry, jujube, juniper berry, kaffir
    lime, kahikatea, kakadu plum, keppel, kumquat, kundong, kutjera, lablab, langsat, lapsi, lemon aspen, leucaena, lillipilli, lime,
    lingonberry, loganberry, longan, loquat, lucuma, lulo, mabolo, macadamia, malay apple, mamey apple, mandarine, mangosteen, manila tamarind,
    marang, mayhaw, maypop, medlar, melinjo, melon pear, midyim, miracle fruit, mock strawberry, monkfruit, monstera deliciosa, morinda, mountain
    papaya, mountain soursop, mundu, muskmelon, myrtle, nance, nannyberry, naranjilla, native cherry, native gooseberry, neem, nungu, nutmeg, oil
    palm, old world sycomore, olive, oregon grape, otaheite apple, pawpaw, pea, peanut, pequi, pigeon plum, pigface, pili nut, pineberry,
    pitomba, podocarpus, pomelo, prikly pear, pulasan, pumpkin, pupunha, purple apple berry, quandong, quince, rambutan, rangpur, raspberry, red
    mulberry, redcurrant, riberry, ridged gourd, rimu, rose hip, rose myrtle, rose leaf bramble, saguaro, salak, salal, salmonberry, sandpaper
    fig, santol, sapodilla, saskatoon, sea buckthorn, sea grape, snowberry, soncoya, strawberry guava, sugar apple, surinam cherry, sycamore fig,
    tamarillo, tangelo, tanjong, taxus baccata, tayberry, texas persimmon, thimbleberry, tomato, toyon, ugli fruit, vanilla, velvet tamarind,
    watermelon, wax gourd, white aspen, white currant, white mulberry, white sapote, wineberry, wongi, yali pear, yuzu, zigzag vine, zucchini
""".replace("\n    ", " ").split(",")
)

_CATEGORY_360 = {name: category for category, names in FRUITS_360.items() for name in names}
_CATEGORY_262 = {name: category for category, names in FRUITS_262.items() for name in names}


def plain_name(folder_name: str) -> str:
    """`folder_name` in lower case, with single spaces for underscores and hyphens: "apple_hit_1" -> "apple hit 1"."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", folder_name)).strip().casefold()


def variety(folder_name: str) -> str:
    """`plain_name` without the number at its end, in the newest release's spelling: "apple_red_delicios_1" -> "apple red delicious"."""
    return re.sub(r"delicios$", "delicious", re.sub(r" ?\d+$", "", plain_name(folder_name)))


def fruits_360_category(folder_name: str) -> str | None:
    """The paper's category of a Fruits-360 class folder of any release; None when it belongs to none of the 26."""
    return _CATEGORY_360.get(variety(folder_name))


def fruits_262_category(folder_name: str) -> str | None:
    """The paper's category of a Fruits-262 class folder; None when it belongs to none of the 26."""
    return _CATEGORY_262.get(plain_name(folder_name))


def in_fruits_360(folder_name: str) -> bool:
    """Whether Fruits-360 has a class folder of that name in any release."""
    return variety(folder_name) in _CATEGORY_360 or variety(folder_name) in FRUITS_360_OTHERS


def in_fruits_262(folder_name: str) -> bool:
    """Whether Fruits-262 has a class folder of that name."""
    return plain_name(folder_name) in _CATEGORY_262 or plain_name(folder_name) in FRUITS_262_OTHERS
