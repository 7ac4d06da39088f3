"""How a WordPress shop gets in. The quirks of PHP, MySQL and WordPress end in this folder."""
