"""The paper's categories."""

from fruitlab.data.categories import CATEGORIES


def test_the_categories_are_those_of_the_paper_in_its_order():
    paper = (
        "Apple, Banana, Cantaloupe, Carambola, Cherry, Clementine, Coco, Date, Grape, Grapefruit, "
        "Kaki, Kiwi, Lemon, Lychee, Mango, Melon, Orange, Papaya, Passion Fruit, Peach, Pear, "
        "Pineapple, Pitahaya Red, Plum, Pomegranate, Strawberry"
    )
    assert tuple(paper.split(", ")) == CATEGORIES
    assert len(CATEGORIES) == 26
