"""The records of a shop: catalogue, customers, orders, discounts, downloads. Imports no other part of
Tillroll."""
