"""The skin of a run live in the browser: the geometry is made here, the browser draws it."""
