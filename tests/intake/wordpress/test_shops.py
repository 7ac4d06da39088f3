from tillroll.intake.wordpress.shops import Shop, ShopKind, find_shops

USERS = ["wp_users", "wp_usermeta"]


def test_a_site_with_orders_is_an_edd_3_shop() -> None:
    names = ["wp_options", "wp_posts", "wp_edd_orders", "wp_edd_customers", *USERS]
    assert find_shops(names) == [Shop("wp_", ShopKind.EDD3, "wp_")]


def test_a_site_with_customers_and_no_orders_is_an_edd_2_shop() -> None:
    names = ["wp_options", "wp_posts", "wp_edd_customers", *USERS]
    assert find_shops(names) == [Shop("wp_", ShopKind.EDD2, "wp_")]


def test_a_site_without_edd_is_told() -> None:
    assert find_shops(["wp_options", "wp_posts", *USERS]) == [Shop("wp_", ShopKind.NO_EDD, "wp_")]


def test_tables_of_no_wordpress_are_no_shop() -> None:
    assert find_shops(["users", "orders", "shop_options", "wp_posts", "edd_orders"]) == []


def test_any_prefix_is_found_an_empty_one_too() -> None:
    shop = ["options", "posts", "edd_orders", "users", "usermeta"]
    names = shop + [f"Xy9_{name}" for name in shop]
    assert find_shops(names) == [Shop("", ShopKind.EDD3, ""), Shop("Xy9_", ShopKind.EDD3, "Xy9_")]


def test_a_network_s_sites_share_its_users() -> None:
    sites = [f"wp_{site}{name}" for site in ("", "2_", "13_") for name in ("options", "posts")]
    assert find_shops([*sites, *USERS, "wp_2_edd_orders"]) == [
        Shop("wp_", ShopKind.NO_EDD, "wp_"),
        Shop("wp_13_", ShopKind.NO_EDD, "wp_"),
        Shop("wp_2_", ShopKind.EDD3, "wp_"),
    ]


def test_a_site_of_its_own_whose_prefix_ends_with_a_number_has_its_own_users() -> None:
    names = ["wp_options", "wp_posts", *USERS]
    own = [name.replace("wp_", "wp_2_") for name in names]
    assert find_shops([*names, *own])[1] == Shop("wp_2_", ShopKind.NO_EDD, "wp_2_")


def test_users_that_are_not_in_the_dump_are_told() -> None:
    assert find_shops(["wp_options", "wp_posts", "wp_users"]) == [Shop("wp_", ShopKind.NO_EDD, None)]


def test_a_plugin_s_table_that_ends_in_options_is_no_site() -> None:
    names = ["wp_options", "wp_posts", "wp_slider_options", *USERS]
    assert [shop.prefix for shop in find_shops(names)] == ["wp_"]
