//! Transactions in processes of their own that are killed, stopped and run side by side, on a real disk.

mod driver;
mod kill;
mod refuse;
mod together;
mod world;
