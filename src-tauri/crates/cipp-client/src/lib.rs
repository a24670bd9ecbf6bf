//! Connection + secret -> token -> request -> rows: the client of CIPP's API.
