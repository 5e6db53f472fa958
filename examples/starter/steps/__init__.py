"""The steps of this project: each is a function whose inputs and outputs are typed, stored and versioned."""
