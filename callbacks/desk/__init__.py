"""The pages that are read at a desk: their frame, their live renewal, their exports."""
