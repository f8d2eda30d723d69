//! portal-tower
