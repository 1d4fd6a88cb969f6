"""The expected category of every class folder that Fruits-360 ever published.

The list was written by hand. The names come from the pages of the dataset and from label lists of
models trained on the releases of 2018 to 2025.
"""

import pytest

from fruitlab.data.categories import CATEGORIES
from fruitlab.data.sources.base import split_names
from fruitlab.data.sources.fruits_360 import VARIETIES, category_of, is_class_folder
from fruitlab.data.walking import normalise_name

# Category -> class folders that belong to it.
EXPECTED = {
    "Apple": """
        Apple 5, Apple 6, Apple 7, Apple 8, Apple 9, Apple 10, Apple 11, Apple 12, Apple 13,
        Apple 14, Apple 15, Apple 16, Apple 17, Apple 18, Apple 19, Apple 20, Apple 21, Apple 22,
        Apple 23, Apple Braeburn, Apple Braeburn 1, Apple Crimson Snow, Apple Crimson Snow 1,
        Apple Golden 1, Apple Golden 2, Apple Golden 3, Apple Granny Smith, Apple Granny Smith 1,
        Apple Pink Lady, Apple Pink Lady 1, Apple Red 1, Apple Red 2, Apple Red 3,
        Apple Red Delicious, Apple Red Delicious 1, Apple Red Yellow, Apple Red Yellow 1,
        Apple Red Yellow 2, Braeburn, Golden 1, Golden 2, Golden 3, Granny Smith, apple_6,
        apple_braeburn_1, apple_crimson_snow_1, apple_golden_1, apple_golden_2, apple_golden_3,
        apple_granny_smith_1, apple_pink_lady_1, apple_red_1, apple_red_2, apple_red_3,
        apple_red_delicios_1, apple_red_yellow_1
    """,
    "Banana": """
        Banana, Banana 1, Banana 3, Banana 4, Banana Lady Finger, Banana Lady Finger 1, Banana Red,
        Banana Red 1
    """,
    "Cantaloupe": "Cantaloupe 1, Cantaloupe 2, Cantaloupe 3",
    "Carambola": "Carambula, Carambula 1, Carambola 1, Carambola 2",
    "Cherry": """
        Cherry, Cherry 1, Cherry 2, Cherry 3, Cherry 4, Cherry 5, Cherry Rainier, Cherry Rainier 1,
        Cherry Rainier 2, Cherry Rainier 3, Cherry Sour 1, Cherry Wax 1, Cherry Wax 2,
        Cherry Wax Black, Cherry Wax Black 1, Cherry Wax Red, Cherry Wax Red 1, Cherry Wax Red 2,
        Cherry Wax Red 3, Cherry Wax Yellow, Cherry Wax Yellow 1
    """,
    "Clementine": "Clementine, Clementine 1",
    "Coco": "Cocos, Cocos 1",
    "Date": "Dates, Dates 1, Dates 2",
    "Grape": """
        Grape, Grape 1, Grape Blue, Grape Blue 1, Grape Pink, Grape Pink 1, Grape pink 2,
        Grape White, Grape White 1, Grape White 2, Grape White 3, Grape White 4
    """,
    "Grapefruit": """
        Grapefruit, Grapefruit Pink, Grapefruit Pink 1, Grapefruit White, Grapefruit White 1
    """,
    "Kaki": "Kaki, Kaki 1",
    "Kiwi": "Kiwi, Kiwi 1",
    "Lemon": "Lemon, Lemon 1, Lemon Meyer, Lemon Meyer 1",
    "Lychee": "Lychee, Lychee 1",
    "Mango": "Mango, Mango 1, Mango Red, Mango Red 1",
    "Melon": "Melon Piel de Sapo, Melon Piel de Sapo 1",
    "Orange": "Orange, Orange 1, Orange 2, Orange 3, Orange 4",
    "Papaya": "Papaya, Papaya 1, Papaya 2",
    "Passion Fruit": "Passion Fruit, Passion Fruit 1, Maracuja, Maracuja 1",
    "Peach": """
        Peach, Peach 1, Peach 2, Peach 3, Peach 4, Peach 5, Peach 6, Peach Flat, Peach Flat 1
    """,
    "Pear": """
        Pear, Pear 1, Pear 2, Pear 3, Pear 5, Pear 6, Pear 7, Pear 8, Pear 9, Pear 10, Pear 11,
        Pear 12, Pear 13, Pear 14, Pear Abate, Pear Abate 1, Pear common 1, Pear Forelle,
        Pear Forelle 1, Pear Kaiser, Pear Kaiser 1, Pear Monster, Pear Monster 1, Pear Red,
        Pear Red 1, Pear Stone, Pear Stone 1, Pear Williams, Pear Williams 1, pear_1, pear_3
    """,
    "Pineapple": "Pineapple, Pineapple 1, Pineapple Mini, Pineapple Mini 1",
    "Pitahaya Red": "Pitahaya Red, Pitahaya Red 1",
    "Plum": "Plum, Plum 1, Plum 2, Plum 3, Plum 4, Plum 5",
    "Pomegranate": "Pomegranate, Pomegranate 1",
    "Strawberry": """
        Strawberry, Strawberry 1, Strawberry 2, Strawberry 3, Strawberry Wedge, Strawberry Wedge 1
    """,
}

# Class folders that belong to none of the 26 categories, or do not show sound, whole fruit.
LEFT_OUT = """
    Almonds 1, Apple Core 1, Apple Rotten 1, apple_rotten_1, Apple hit 1, apple_hit_1, Apple worm 1,
    Apricot, Apricot 1, Avocado, Avocado 1, Avocado 2, Avocado Black 1, Avocado Black 2,
    Avocado Green 1, Avocado ripe, Avocado ripe 1, Bean pod 1, Beans 1, Beetroot, Beetroot 1,
    BlackBerry 3, BlackBerry 4, Blackberrie 1, Blackberrie 2, Blackberrie half rippen 1,
    Blackberrie not rippen 1, Blackberry 1, Blueberry, Blueberry 1, Cabbage red 1, Cabbage white 1,
    cabbage_white_1, Cactus fruit, Cactus fruit 1, Cactus fruit green 1, Cactus fruit red 1,
    Caju seed 1, Carrot 1, carrot_1, Cauliflower, Cauliflower 1, Celery 1, Cherimoya 1,
    Cherry Wax not ripen 1, Cherry Wax not ripen 2, Cherry Wax not rippen 1, Chestnut, Chestnut 1,
    Corn, Corn 1, Corn Husk, Corn Husk 1, Cucumber 1, Cucumber 13, cucumber_3, Cucumber Ripe,
    Cucumber Ripe 2, Eggplant, Eggplant 1, Eggplant long 1, eggplant_long_1, eggplant_violet_1, Fig,
    Fig 1, Ginger 2, Ginger Root, Ginger Root 1, Gooseberry 1, Granadilla, Granadilla 1,
    Grape not ripen 1, Guava, Guava 1, Hazelnut, Hazelnut 1, Huckleberry, Huckleberry 1, Kohlrabi,
    Kohlrabi 1, Kumquats, Kumquats 1, Limes, Limes 1, Mandarine, Mandarine 1, Mangostan,
    Mangostan 1, Mulberry, Mulberry 1, Nectarine, Nectarine 1, Nectarine Flat, Nectarine Flat 1,
    Nectarine Flat 2, Nut 1, Nut 5, Nut Forest, Nut Forest 1, Nut Pecan, Nut Pecan 1, Onion 2,
    Onion Red, Onion Red 3, Onion Red Peeled, Onion Red Peeled 1, Onion White, Onion White 2,
    Onion White Peeled 1, Orange peeled 1, Peanut shell 1x 1, Pepino, Pepino 1, Pepper 1, Pepper 2,
    Pepper Green, Pepper Green 1, Pepper Orange, Pepper Orange 1, Pepper Orange 2, Pepper Red,
    Pepper Red 5, Pepper Yellow, Pepper Yellow 1, Physalis, Physalis 1, Physalis with Husk,
    Physalis with Husk 1, Pistachio 1, Plum hole 1, Pomelo Sweetie, Pomelo Sweetie 1, Potato Red,
    Potato Red 2, Potato Red Washed, Potato Red Washed 1, Potato Sweet, Potato Sweet 1,
    Potato White, Potato White 1, Quince, Quince 4, Rambutan, Rambutan 1, Raspberry, Raspberry 6,
    Redcurrant, Redcurrant 1, Salak, Salak 1, Tamarillo, Tamarillo 1, Tangelo, Tangelo 1, Tomato 1,
    Tomato 11, Tomato Cherry Maroon 1, Tomato Cherry Orange 1, Tomato Cherry Red,
    Tomato Cherry Red 1, Tomato Cherry Red 2, Tomato Cherry Yellow 1, Tomato Heart, Tomato Heart 1,
    Tomato Maroon, Tomato Maroon 2, Tomato not Ripen 1, Tomato not Ripened, Tomato Yellow,
    Tomato Yellow 1, Walnut, Walnut 1, Watermelon, Watermelon 1, Zucchini 1, zucchini_1,
    Zucchini dark 1, zucchini_dark_1, Zucchini Green 1
"""


def test_the_table_is_complete_and_unambiguous():
    assert tuple(VARIETIES) == CATEGORIES
    assert all(VARIETIES.values())
    varieties = [name for names in VARIETIES.values() for name in names]
    assert len(varieties) == len(set(varieties))
    assert all(name == normalise_name(name) for name in varieties), (
        "a name that is not normalised would never be found"
    )


def test_every_class_folder_has_the_expected_category():
    expected: dict[str, str | None] = {
        name: category for category, text in EXPECTED.items() for name in split_names(text)
    }
    expected |= dict.fromkeys(split_names(LEFT_OUT))
    assert len(expected) > 300
    found = {name: category_of(name) for name in expected}
    wrong = {
        name: (found[name], expected[name]) for name in expected if found[name] != expected[name]
    }
    assert wrong == {}
    assert [name for name in expected if not is_class_folder(name)] == []


@pytest.mark.parametrize(
    "spelling",
    [
        "Apple Granny Smith 1",
        "apple_granny_smith_1",
        "APPLE-GRANNY-SMITH-12",
        "  Apple  Granny Smith",
        "apple granny smith1",
    ],
)
def test_case_underscores_hyphens_and_numbers_do_not_matter(spelling):
    assert category_of(spelling) == "Apple"
