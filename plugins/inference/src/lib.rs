//! Nets and models.
