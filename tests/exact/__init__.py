"""Exact solutions against which mnrd is tested: cases P01 to P21 of PERMEATION.md, as functions.

Nothing here imports mnrd. Lengths in µm, times in s, diffusivities in µm²/s, permeabilities in µm/s; the
donor activity is 1 and the initial activity 0 unless a function says otherwise.
"""
