"""Share links and what was redeemed of them."""
