"""What is solved: fields, reactions and models as declarations, and what is derived from them."""
