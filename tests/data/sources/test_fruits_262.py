"""Fruits-262: the expected category of every class folder, and how it is recognised."""

import pytest
from layout_files import count_files, make_files
from slow import some

from fruitlab.data.categories import CATEGORIES
from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources import fruits_360
from fruitlab.data.sources.base import split_names
from fruitlab.data.sources.fruits_262 import CLASSES, OTHERS, category_of, is_class_folder
from fruitlab.data.walking import normalise_name

# In alphabetical order, as in the archive. Names that belong to a category end in "*category".
FOLDERS = """
    abiu, acai, acerola, ackee, alligator apple, ambarella, apple*Apple, apricot, araza, avocado,
    bael, banana*Banana, barbadine, barberry, bayberry, beach plum, bearberry, bell pepper,
    betel nut, bignay, bilimbi, bitter gourd, black berry, black cherry, black currant,
    black mullberry, black sapote, blueberry, bolwarra, bottle gourd, brazil nut, bread fruit,
    buddha's hand, buffaloberry, burdekin plum, burmese grape, caimito, camu camu, canistel,
    cantaloupe*Cantaloupe, cape gooseberry, carambola*Carambola, cardon, cashew, cedar bay cherry,
    cempedak, ceylon gooseberry, che, chenet, cherimoya, cherry*Cherry, chico, chokeberry,
    clementine*Clementine, cloudberry, cluster fig, cocoa bean, coconut*Coco, coffee,
    common buckthorn, corn kernel, cornelian cherry, crab apple, cranberry, crowberry, cupuacu,
    custard apple, damson*Plum, date*Date, desert fig, desert lime, dewberry,
    dragonfruit*Pitahaya Red, durian, eggplant, elderberry, elephant apple, emblic, entawak, etrog,
    feijoa, fibrous satinash, fig, finger lime, galia melon*Melon, gandaria, genipap, goji,
    gooseberry, goumi, grape*Grape, grapefruit*Grapefruit, greengage, grenadilla, guanabana,
    guarana, guava, guavaberry, hackberry, hard kiwi, hawthorn, hog plum, honeyberry, honeysuckle,
    horned melon, illawarra plum, indian almond, indian strawberry, ita palm, jaboticaba, jackfruit,
    jalapeno, jamaica cherry, jambul, japanese raisin, jasmine, jatoba, jocote, jostaberry, jujube,
    juniper berry, kaffir lime, kahikatea, kakadu plum, keppel, kiwi*Kiwi, kumquat, kundong,
    kutjera, lablab, langsat, lapsi, lemon*Lemon, lemon aspen, leucaena, lillipilli, lime,
    lingonberry, loganberry, longan, loquat, lucuma, lulo, lychee*Lychee, mabolo, macadamia,
    malay apple, mamey apple, mandarine, mango*Mango, mangosteen, manila tamarind, marang, mayhaw,
    maypop, medlar, melinjo, melon pear, midyim, miracle fruit, mock strawberry, monkfruit,
    monstera deliciosa, morinda, mountain papaya, mountain soursop, mundu, muskmelon, myrtle, nance,
    nannyberry, naranjilla, native cherry, native gooseberry, nectarine*Peach, neem, nungu, nutmeg,
    oil palm, old world sycomore, olive, orange*Orange, oregon grape, otaheite apple, papaya*Papaya,
    passion fruit*Passion Fruit, pawpaw, pea, peanut, pear*Pear, pequi, persimmon*Kaki, pigeon plum,
    pigface, pili nut, pineapple*Pineapple, pineberry, pitomba, plumcot*Plum, podocarpus,
    pomegranate*Pomegranate, pomelo, prikly pear, pulasan, pumpkin, pupunha, purple apple berry,
    quandong, quince, rambutan, rangpur, raspberry, red mulberry, redcurrant, riberry, ridged gourd,
    rimu, rose hip, rose myrtle, rose-leaf bramble, saguaro, salak, salal, salmonberry,
    sandpaper fig, santol, sapodilla, saskatoon, sea buckthorn, sea grape, snowberry, soncoya,
    strawberry*Strawberry, strawberry guava, sugar apple, surinam cherry, sycamore fig, tamarillo,
    tangelo, tanjong, taxus baccata, tayberry, texas persimmon, thimbleberry, tomato, toyon,
    ugli fruit, vanilla, velvet tamarind, watermelon, wax gourd, white aspen, white currant,
    white mulberry, white sapote, wineberry, wongi, yali pear, yellow plum*Plum, yuzu, zigzag vine,
    zucchini
"""


def test_the_table_is_complete_and_unambiguous():
    assert tuple(CLASSES) == CATEGORIES
    assert all(CLASSES.values())
    folders = [name for names in CLASSES.values() for name in names]
    assert len(folders) == len(set(folders))
    assert all(name == normalise_name(name) for name in folders), (
        "a name that is not normalised would never be found"
    )


def test_every_class_folder_has_the_expected_category():
    entries = (entry.partition("*") for entry in split_names(FOLDERS))
    expected = {name: category or None for name, _, category in entries}
    assert len(expected) == 262
    found = {name: category_of(name) for name in expected}
    wrong = {
        name: (found[name], expected[name]) for name in expected if found[name] != expected[name]
    }
    assert wrong == {}
    assert set(filter(None, found.values())) == set(CATEGORIES)
    assert [name for name in expected if not is_class_folder(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "Custard apple",
        "Pineapple Core 1",
        "Cherry tomato",
        "Prickly Pear",
        "Watermelon 1",
        "Mangosteen",
        "Bell Pepper",
        "12",
        "",
        "Äpfel",
    ],
)
def test_names_that_only_resemble_a_category_have_none(name):
    assert category_of(name) is None
    assert fruits_360.category_of(name) is None


@pytest.mark.parametrize(
    "prefix", some(("", "Fruit-262/", "versions/1/Fruit-262/"), fast=("Fruit-262/",))
)
def test_the_dataset_is_recognised_and_mapped_to_categories(tmp_path, prefix):
    classes = [
        name for names in CLASSES.values() for name in names if name not in ("peach", "plum")
    ]
    make_files(
        tmp_path,
        *(f"{prefix}{name}/{index}.jpg" for name in [*classes, *OTHERS] for index in range(12)),
    )
    layout = find_pictures(tmp_path, per_category=9)
    assert layout.kind == "fruits-262"
    assert count_files(layout) == dict.fromkeys(sorted(CATEGORIES), 9)
    assert {path.parent.name for path in layout.pictures["Plum"]} == {
        "damson",
        "plumcot",
        "yellow plum",
    }
    assert [path.name for path in layout.pictures["Kaki"]] == [
        f"{index}.jpg" for index in (0, 2, 3, 4, 6, 7, 8, 10, 11)
    ]
    assert set(layout.ignored) == {f"{prefix}{name}" for name in OTHERS}
    assert "nectarine" in layout.note and "26 of the paper's 26" in layout.note


def test_a_part_of_the_dataset_is_recognised_by_its_folder_name(tmp_path):
    make_files(
        tmp_path,
        "datasets/fruits262/Fruit-262/apple/1.jpg",
        "datasets/fruits262/Fruit-262/coconut/1.jpg",
        "datasets/fruits262/labels.json",
    )
    assert list(find_pictures(tmp_path / "datasets" / "fruits262").pictures) == ["Apple", "Coco"]


def test_a_few_lower_case_fruits_are_not_taken_for_the_dataset(tmp_path):
    make_files(tmp_path, "apple/1.jpg", "avocado/1.jpg", "coconut/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["apple", "avocado", "coconut"]
