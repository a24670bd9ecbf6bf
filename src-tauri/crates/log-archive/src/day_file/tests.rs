//! Shapes and rows, without a folder around them.
