"""Fruits-262: photos of fruit from web searches, for the real domain."""

import re
from collections import defaultdict
from pathlib import Path

from fruitlab.data.sources.base import (
    ClassFolders,
    Layout,
    Source,
    count_pictures,
    split_names,
    thin_out,
)
from fruitlab.data.walking import files_below, normalise_name, relative

# The paper's category -> its class folders. The dataset has neither a peach nor an ordinary plum.
# Nectarines, which are peaches without fuzz, replace the peach; damsons, yellow plums and plumcots
# replace the plum ("peach" and "plum" are for datasets derived from it). Muskmelon is left out,
# because most of what the web shows under that name is a cantaloupe.
CLASSES: dict[str, tuple[str, ...]] = {
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

# The other class folders, needed to recognise the dataset.
OTHERS = split_names(
    """
    abiu, acai, acerola, ackee, alligator apple, ambarella, apricot, araza, avocado, bael,
    barbadine, barberry, bayberry, beach plum, bearberry, bell pepper, betel nut, bignay, bilimbi,
    bitter gourd, black berry, black cherry, black currant, black mullberry, black sapote,
    blueberry, bolwarra, bottle gourd, brazil nut, bread fruit, buddha s hand, buddha's hand,
    buffaloberry, burdekin plum, burmese grape, caimito, camu camu, canistel, cape gooseberry,
    cardon, cashew, cedar bay cherry, cempedak, ceylon gooseberry, che, chenet, cherimoya, chico,
    chokeberry, cloudberry, cluster fig, cocoa bean, coffee, common buckthorn, corn kernel,
    cornelian cherry, crab apple, cranberry, crowberry, cupuacu, custard apple, desert fig,
    desert lime, dewberry, durian, eggplant, elderberry, elephant apple, emblic, entawak, etrog,
    feijoa, fibrous satinash, fig, finger lime, gandaria, genipap, goji, gooseberry, goumi,
    greengage, grenadilla, guanabana, guarana, guava, guavaberry, hackberry, hard kiwi, hawthorn,
    hog plum, honeyberry, honeysuckle, horned melon, illawarra plum, indian almond,
    indian strawberry, ita palm, jaboticaba, jackfruit, jalapeno, jamaica cherry, jambul,
    japanese raisin, jasmine, jatoba, jocote, jostaberry, jujube, juniper berry, kaffir lime,
    kahikatea, kakadu plum, keppel, kumquat, kundong, kutjera, lablab, langsat, lapsi, lemon aspen,
    leucaena, lillipilli, lime, lingonberry, loganberry, longan, loquat, lucuma, lulo, mabolo,
    macadamia, malay apple, mamey apple, mandarine, mangosteen, manila tamarind, marang, mayhaw,
    maypop, medlar, melinjo, melon pear, midyim, miracle fruit, mock strawberry, monkfruit,
    monstera deliciosa, morinda, mountain papaya, mountain soursop, mundu, muskmelon, myrtle, nance,
    nannyberry, naranjilla, native cherry, native gooseberry, neem, nungu, nutmeg, oil palm,
    old world sycomore, olive, oregon grape, otaheite apple, pawpaw, pea, peanut, pequi,
    pigeon plum, pigface, pili nut, pineberry, pitomba, podocarpus, pomelo, prikly pear, pulasan,
    pumpkin, pupunha, purple apple berry, quandong, quince, rambutan, rangpur, raspberry,
    red mulberry, redcurrant, riberry, ridged gourd, rimu, rose hip, rose leaf bramble, rose myrtle,
    saguaro, salak, salal, salmonberry, sandpaper fig, santol, sapodilla, saskatoon, sea buckthorn,
    sea grape, snowberry, soncoya, strawberry guava, sugar apple, surinam cherry, sycamore fig,
    tamarillo, tangelo, tanjong, taxus baccata, tayberry, texas persimmon, thimbleberry, tomato,
    toyon, ugli fruit, vanilla, velvet tamarind, watermelon, wax gourd, white aspen, white currant,
    white mulberry, white sapote, wineberry, wongi, yali pear, yuzu, zigzag vine, zucchini
    """
)

_CATEGORY = {name: category for category, names in CLASSES.items() for name in names}


def category_of(folder_name: str) -> str | None:
    """Returns the paper's category of a class folder, None if it has none."""
    return _CATEGORY.get(normalise_name(folder_name))


def is_class_folder(folder_name: str) -> bool:
    """Returns whether the dataset has a class folder of that name."""
    return normalise_name(folder_name) in _CATEGORY or normalise_name(folder_name) in OTHERS


def recognise(class_folders: ClassFolders) -> bool:
    """Recognises the dataset by many lower-case names, nearly all of which it has.

    Below a folder with the name of the dataset, a part of it is recognised too.
    """
    share = class_folders.share(lambda name: name == name.lower() and is_class_folder(name))
    path = class_folders.folders[0].absolute().as_posix()
    if re.search(r"fruits?[-_ ]?262", path, re.IGNORECASE):
        return share >= 0.5 and len(class_folders.names) > 1
    return share >= 0.9 and len(class_folders.names) >= 20


def select(root: Path, class_folders: ClassFolders, per_category: int) -> Layout:
    """Chooses about ``per_category`` photos of each category, spread over its class folders."""
    ignored: dict[str, str] = {}
    classes: dict[str, list[list[Path]]] = defaultdict(list)
    for folder in class_folders.folders:
        category = category_of(folder.name)
        if category is None:
            ignored[relative(folder, root)] = "not one of the 26 categories"
        elif files := files_below(folder):
            classes[category].append(files)
    pictures = thin_out(classes, per_category)
    note = (
        f"Fruits-262: {count_pictures(pictures):,} of its photos, "
        f"{len(pictures)} of the paper's 26 categories"
    )
    if {file.parent.name for file in pictures.get("Peach", ())} == {"nectarine"}:
        note += "; it has no peaches, so its nectarines replace them"
    return Layout(SOURCE.name, pictures, ignored, f"{note}.")


SOURCE = Source(
    name="fruits-262",
    title="Fruits-262",
    handle="aelchimminut/fruits262",
    about="photos of 262 kinds of fruit from web searches, by Mihai Minut",
    domain="real",
    licence=(
        "CC0 (public domain) according to its page; but the photos were collected from the web, so "
        "others may hold rights in some of them: think twice before you publish them"
    ),
    recognise=recognise,
    select=select,
)
