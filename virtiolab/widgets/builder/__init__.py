"""The disk builder, part by part."""
