"""Tests of skconv."""
