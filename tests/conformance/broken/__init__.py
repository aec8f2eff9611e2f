"""Programs with one fault each: the matrix must refuse every one of them, with the sentence that names its fault."""
